"""Eligibility, terms, slate and reasons: pure, no IO."""
