"""Histories → arrays; one learner or a million through the same code."""
