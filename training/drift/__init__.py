"""Drift: whether what happens now is still what a version was trained on."""
