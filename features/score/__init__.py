"""Snapshot + arrays → affinity, p_success, mastery, expected gain; numpy only."""
