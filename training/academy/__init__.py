"""A made-up company with learners whose truth is known: for the demo, tests and simulation."""

from training.academy.academy import Academy, generate_academy, small_academy
from training.academy.folder import write_folder
from training.academy.model import LearnerModel
from training.academy.portraits import Portraits
from training.academy.truth import Truth

__all__ = [
    "Academy",
    "LearnerModel",
    "Portraits",
    "Truth",
    "generate_academy",
    "small_academy",
    "write_folder",
]
