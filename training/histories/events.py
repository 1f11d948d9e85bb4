"""The ids of events that came without one, for whole batches."""

from collections.abc import Mapping
from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

from training.histories.rows import Rows

EVENT_KEY = ("learner_id", "module_id", "event", "at", "attempt")
_SEPARATOR = "\x1f"


def event_ids(interactions: Rows) -> pa.Array:
    """Return the event id of every row; where it is empty, the one `derive_event_id` gives.

    Parameters
    ----------
    interactions
        Checked rows of that table.

    Returns
    -------
    pyarrow.StringArray
        (n,), no nulls.
    """
    given = interactions.values("event_id")
    if given.null_count == 0:
        return given
    derived = derive_event_ids({name: interactions.values(name) for name in EVENT_KEY})
    return pc.coalesce(given, derived)


def derive_event_ids(keys: Mapping[str, pa.Array]) -> pa.Array:
    """Return `derive_event_id` of every row, given the columns of `EVENT_KEY`.

    Returns
    -------
    pyarrow.StringArray
        (n,), no nulls.
    """
    attempt = keys["attempt"]
    joined = pc.binary_join_element_wise(
        keys["learner_id"],
        keys["module_id"],
        keys["event"],
        keys["at"].cast(pa.string()),
        pc.if_else(pc.equal(attempt, 0), None, attempt).cast(pa.string()),
        _SEPARATOR,
        null_handling="replace",
        null_replacement="",
    ).cast(pa.binary())
    derived = [blake2b(key, digest_size=16).hexdigest() for key in joined.to_pylist()]
    return pa.array(derived, pa.string())
