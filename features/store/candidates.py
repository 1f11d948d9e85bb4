"""Candidates of a recommendation, packed: what is counted as JSON, figures as float64."""

import numpy as np
import orjson

from features.domain.recommendation import Candidates

_HEADER_BYTES = 4
_FIGURES = ("score", "p_first", "p_success", "ready")


def pack(candidates: Candidates) -> bytes:
    """Return candidates as bytes: the header's length (uint32), the header, rows of float64.

    Nothing is rounded, and a quarter of the room of JSON is needed: every answer keeps them.
    """
    header = orjson.dumps(
        {
            "module_ids": candidates.module_ids,
            "tier": candidates.tier,
            "terms": list(candidates.terms),
        }
    )
    columns = [getattr(candidates, name) for name in _FIGURES] + list(candidates.terms.values())
    figures = np.array(columns, dtype="<f8").tobytes()
    return len(header).to_bytes(_HEADER_BYTES, "little") + header + figures


def unpack(packed: bytes) -> Candidates:
    """Return what `pack` was given."""
    end = _HEADER_BYTES + int.from_bytes(packed[:_HEADER_BYTES], "little")
    header = orjson.loads(packed[_HEADER_BYTES:end])
    names = [*_FIGURES, *header["terms"]]
    figures = np.frombuffer(packed[end:], dtype="<f8").reshape(len(names), -1)
    columns = [tuple(row) for row in figures.tolist()]
    n_figures = len(_FIGURES)
    return Candidates(
        module_ids=tuple(header["module_ids"]),
        tier=tuple(header["tier"]),
        **dict(zip(_FIGURES, columns[:n_figures], strict=True)),
        terms=dict(zip(header["terms"], columns[n_figures:], strict=True)),
    )
