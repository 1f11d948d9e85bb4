"""Closed loop: learners whose truth is known, several policies, and what became of them."""
