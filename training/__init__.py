"""Offline: histories in, models trained, judged, tracked and promoted."""
