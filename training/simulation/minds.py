"""What both learner models can be asked: levels, success, strain, and to study."""

from typing import Protocol

from training.simulation.offer import Lesson
from training.simulation.questions import Question


class Mind(Protocol):
    """What one learner can do; days count from the beginning of the programme and never fall."""

    def level(self, skill: int, day: float) -> float:
        """Return the true level in a skill, in [0,1]."""

    def p_success(self, lesson: Lesson, day: float) -> float:
        """Return the probability of success in a module's test."""

    def p_right(self, question: Question, day: float) -> float:
        """Return the probability of a right answer to a question."""

    def strain(self, lesson: Lesson, day: float) -> tuple[float, float]:
        """Return how far a module bores and how far it is over the learner's head, in [0,1]."""

    def study(self, lesson: Lesson, day: float) -> None:
        """Learn from a module."""


def readiness(mind: Mind, lesson: Lesson, day: float, span: float) -> float:
    """Return the share of a module that can be learned with the prerequisites at hand, in [0,1].

    Each of strength s that is missing wholly, `span` levels or more under what it asks for, takes
    away s.
    """
    ready = 1.0
    for skill, level, strength in lesson.needs:
        missing = min(max((level - mind.level(skill, day)) / span, 0.0), 1.0)
        ready *= 1.0 - strength * missing
    return ready


def ramp(value: float, begins: float, ends: float) -> float:
    """Return 0 at `begins`, 1 at `ends`, straight between and level beyond."""
    return min(max((value - begins) / (ends - begins), 0.0), 1.0)
