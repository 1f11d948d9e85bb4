"""What is said to people: one table of templates per language."""
