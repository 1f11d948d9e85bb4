"""What was seen of the learners of an experiment, as arrays.

Learners, modules, skills and so on are numbers that count from 0; instants are microseconds since
1970 as int64; −1 stands for none. Rows of a table come in the order of the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAY = 86_400_000_000  # microseconds
NONE = -1


@dataclass(frozen=True, kw_only=True)
class Members:
    """The learners who are compared, (n,) each.

    Attributes
    ----------
    learner_ids
        Ascending.
    arm
        Places of their variants; the control is 0.
    unit
        What was assigned: numbers of learners, or of groups.
    phase
        Numbers of the phases whose weights assigned them.
    start
        First exposure.
    """

    learner_ids: tuple[str, ...]
    arm: Ints
    unit: Ints
    phase: Ints
    start: Ints

    def __len__(self) -> int:
        return len(self.learner_ids)


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """Events, (n,) each.

    Attributes
    ----------
    learner, module, at
        Whose, on what, when.
    is_begun, is_done
        Whether the event shows that the module was taken up, and that it was done.
    score
        In [0,1] where judged, else NaN.
    minutes
        As reported, else NaN.
    """

    learner: Ints
    module: Ints
    at: Ints
    is_begun: Flags
    is_done: Flags
    score: Floats
    minutes: Floats


@dataclass(frozen=True, kw_only=True)
class Judgements:
    """Direct judgements of skills in order of time, (n,) each; `level` in [0,1]."""

    learner: Ints
    skill: Ints
    source: Ints
    level: Floats
    at: Ints


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Business results of one metric, (n,) each."""

    learner: Ints
    value: Floats
    at: Ints


@dataclass(frozen=True, kw_only=True)
class Exposures:
    """Answers in which the variant's component was consulted, in order of time, (n,) each.

    Attributes
    ----------
    learner, at
        Whose, when.
    is_followed
        Whether a module of the answer was followed, by feedback or by an event that names it.
    is_elsewhere
        Whether the learner was in another group than at their enrolment.
    """

    learner: Ints
    at: Ints
    is_followed: Flags
    is_elsewhere: Flags


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything metrics are made of.

    Attributes
    ----------
    measurements
        By metric.
    is_mandatory
        bool, (n_modules,).
    assigned
        int64, sorted: learner × n_modules + module of every assignment.
    targets
        By learner the skills their role or goal asks for, and the levels.
    attributes
        Name → str, (n,), "" where unknown: for slices.
    """

    members: Members
    interactions: Interactions
    judgements: Judgements
    measurements: Mapping[str, Measurements]
    exposures: Exposures
    is_mandatory: Flags
    assigned: Ints
    targets: Mapping[int, Mapping[int, float]]
    attributes: Mapping[str, NDArray[np.str_]]

    @property
    def n_modules(self) -> int:
        """How many modules are named."""
        return len(self.is_mandatory)
