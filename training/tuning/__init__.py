"""Choosing hyper-parameters on validation learners."""
