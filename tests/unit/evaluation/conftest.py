"""Data small enough to see through."""

from types import SimpleNamespace

import numpy as np
import pytest

from features.domain.history import Event
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, build_log

START = 1_700_000_000.0


def _data(rows, attributes=None, parts=None, start=START):
    n_learners, n_modules = 1 + max(r[0] for r in rows), 1 + max(r[1] for r in rows)
    log = build_log(
        ArrivedEvents(
            learner=np.array([r[0] for r in rows], dtype=np.int32),
            module=np.array([r[1] for r in rows], dtype=np.int32),
            event=np.full(len(rows), EVENT_CODES[Event.SCORED], dtype=np.int8),
            at_seconds=np.array([start + 86_400.0 * r[2] for r in rows]),
            score=np.array([np.nan if r[3] is None else r[3] for r in rows]),
            reported_success=np.full(len(rows), -1, dtype=np.int8),
            duration_seconds=np.full(len(rows), np.nan),
        ),
        learner_ids=IdMap(f"u{k}" for k in range(n_learners)),
        module_ids=IdMap(f"m{k}" for k in range(n_modules)),
        pass_marks=np.full(n_modules, 0.5),
    )
    return SimpleNamespace(
        log=log,
        learner_attributes={k: np.array(v) for k, v in (attributes or {}).items()},
        parts=None if parts is None else np.array(parts),
    )


@pytest.fixture
def data_of():
    """Give what builds data from rows of (learner, module, day, score or None)."""
    return _data
