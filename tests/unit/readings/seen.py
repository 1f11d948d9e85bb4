"""What is seen of a few learners, written by hand: days count from each first exposure."""

import numpy as np

from training.readings.observed import (
    DAY,
    Exposures,
    Interactions,
    Judgements,
    Measurements,
    Members,
    Observed,
)


def ints(values):
    return np.array(values, dtype=np.int64)


def members(arms, units=None, starts=None):
    """Learners l0, l1, … of these arms."""
    n = len(arms)
    return Members(
        learner_ids=tuple(f"l{k}" for k in range(n)),
        arm=ints(arms),
        unit=ints(range(n) if units is None else units),
        phase=ints([1] * n),
        start=ints([1_000 * DAY] * n if starts is None else starts),
    )


def seen(
    who,
    events=(),
    judged=(),
    results=(),
    answers=(),
    *,
    n_modules=9,
    mandatory=(),
    assigned=(),
    targets=None,
    attributes=None,
):
    """Make what is observed.

    events: (learner, module, day, kind, score, minutes), kind begun, done or other.
    judged: (learner, skill, source, day, level); results: (learner, day, value);
    answers: (learner, day, followed, elsewhere).
    """
    events, judged = sorted(events, key=lambda e: e[2]), sorted(judged, key=lambda e: e[3])

    def at(rows, day):
        return ints([who.start[row[0]] + round(row[day] * DAY) for row in rows])

    is_mandatory = np.zeros(n_modules, dtype=bool)
    is_mandatory[list(mandatory)] = True
    nothing = [row + (None,) * (6 - len(row)) for row in events]
    return Observed(
        members=who,
        interactions=Interactions(
            learner=ints([row[0] for row in events]),
            module=ints([row[1] for row in events]),
            at=at(events, 2),
            is_begun=np.array([row[3] in ("begun", "done") for row in events], dtype=bool),
            is_done=np.array([row[3] == "done" for row in events], dtype=bool),
            score=np.array([row[4] for row in nothing], dtype=np.float64),
            minutes=np.array([row[5] for row in nothing], dtype=np.float64),
        ),
        judgements=Judgements(
            learner=ints([row[0] for row in judged]),
            skill=ints([row[1] for row in judged]),
            source=ints([row[2] for row in judged]),
            at=at(judged, 3),
            level=np.array([row[4] for row in judged], dtype=np.float64),
        ),
        measurements={
            "sales": Measurements(
                learner=ints([row[0] for row in results]),
                at=at(results, 1),
                value=np.array([row[2] for row in results], dtype=np.float64),
            )
        },
        exposures=Exposures(
            learner=ints([row[0] for row in answers]),
            at=at(answers, 1),
            is_followed=np.array([row[2] for row in answers], dtype=bool),
            is_elsewhere=np.array([row[3] for row in answers], dtype=bool),
        ),
        is_mandatory=is_mandatory,
        assigned=np.unique(ints([learner * n_modules + module for learner, module in assigned])),
        targets=targets or {},
        attributes=attributes or {},
    )
