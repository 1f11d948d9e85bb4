"""Protocols, metrics, intervals and comparisons, all on the code that serves."""
