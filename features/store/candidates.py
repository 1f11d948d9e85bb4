"""Candidates of a recommendation, packed: ids and terms by name, figures as float64 columns."""

from collections.abc import Sequence

import numpy as np
import orjson

from features.domain.recommendation import Candidate

_HEADER_BYTES = 4
_FIGURES = ("score", "p_first")


def pack(candidates: Sequence[Candidate]) -> bytes:
    """Return candidates as bytes: a header's length, the header, a matrix of float64.

    Parameters
    ----------
    candidates
        All with the same terms.

    Notes
    -----
    A catalogue of 5,000 modules would otherwise weigh a megabyte of JSON in every answer. Nothing
    is rounded. Terms that are the same for all candidates are kept once.
    """
    terms = tuple(candidates[0].terms) if candidates else ()
    columns = [[c.score for c in candidates], [c.p_first for c in candidates]]
    columns += [[c.terms[term] for c in candidates] for term in terms]
    names = (*_FIGURES, *terms)
    constant = {
        name: column[0]
        for name, column in zip(names, columns, strict=True)
        if column and column.count(column[0]) == len(column)
    }
    varying = [name for name in names if name not in constant]
    header = orjson.dumps(
        {
            "module_id": [c.module_id for c in candidates],
            "tier": [c.tier for c in candidates],
            "terms": terms,
            "constant": constant,
            "varying": varying,
        }
    )
    kept = [column for name, column in zip(names, columns, strict=True) if name in varying]
    figures = np.array(kept, dtype="<f8").tobytes()
    return len(header).to_bytes(_HEADER_BYTES, "little") + header + figures


def unpack(packed: bytes) -> tuple[Candidate, ...]:
    """Return what `pack` was given, in the same order."""
    end = _HEADER_BYTES + int.from_bytes(packed[:_HEADER_BYTES], "little")
    header = orjson.loads(packed[_HEADER_BYTES:end])
    n_candidates = len(header["module_id"])
    figures = np.frombuffer(packed[end:], dtype="<f8").reshape(-1, max(n_candidates, 1))
    columns = {name: [value] * n_candidates for name, value in header["constant"].items()}
    columns |= {n: f.tolist() for n, f in zip(header["varying"], figures, strict=False)}
    return tuple(
        Candidate(
            module_id=module_id,
            tier=tier,
            score=columns["score"][row],
            p_first=columns["p_first"][row],
            terms={term: columns[term][row] for term in header["terms"]},
        )
        for row, (module_id, tier) in enumerate(
            zip(header["module_id"], header["tier"], strict=True)
        )
    )
