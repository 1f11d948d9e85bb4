"""The ids of events that came without one, for whole batches."""

from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

from training.histories.rows import Rows

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
    attempt = interactions.values("attempt")
    keys = pc.binary_join_element_wise(
        interactions.values("learner_id"),
        interactions.values("module_id"),
        interactions.values("event"),
        interactions.values("at").cast(pa.string()),
        pc.if_else(pc.equal(attempt, 0), None, attempt).cast(pa.string()),
        _SEPARATOR,
        null_handling="replace",
        null_replacement="",
    ).cast(pa.binary())
    derived = [blake2b(key, digest_size=16).hexdigest() for key in keys.to_pylist()]
    return pc.coalesce(given, pa.array(derived, pa.string()))
