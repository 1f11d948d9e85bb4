"""What content does to its learners, and where it is old or missing."""
