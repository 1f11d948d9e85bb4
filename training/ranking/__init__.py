"""Trainers of ranking models and of the baselines they must beat."""
