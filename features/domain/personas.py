"""Personas: segments of learners discovered from what they do, never from who they are."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnerPersona:
    """The persona a learner is most like, and the probability `p` that it is that one."""

    persona_id: str
    name: str
    p: float
