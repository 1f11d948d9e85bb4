"""Personas: segments of learners discovered from what they do."""
