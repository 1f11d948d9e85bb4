"""Fits and judges the models of success, mastery and gain."""
