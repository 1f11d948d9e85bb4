"""How people learn without Waymark: some follow the curriculum, some look for themselves."""

import numpy as np
from numpy.typing import NDArray

from features.domain.history import is_done
from training.simulation.entrants import Entrant
from training.simulation.loop import Asking
from training.simulation.offer import Offer

SHARE_BY_CURRICULUM = 0.5
FOR_THE_ROLE, TASTE, APPEAL, NEXT_RUNG = 2.0, 0.8, 0.8, 1.0  # in units of Gumbel noise


class OwnChoice:
    """Half the time the next module of the role's curriculum, else a multinomial logit.

    What draws people are modules on skills of their role, formats they like, what everybody likes,
    and the rung after the last one on the same ladder.

    Parameters
    ----------
    entrant
        Whose choice.
    offer
        What there is.
    rng
        Source of randomness.

    References
    ----------
    McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior.
    """

    def __init__(self, entrant: Entrant, offer: Offer, rng: np.random.Generator) -> None:
        self._offer, self._rng = offer, rng
        self._curriculum = offer.curricula[entrant.role_id]
        required = {skill for skill, _ in offer.targets[entrant.role_id]}
        self._main = np.array([lesson.skills[0][0] for lesson in offer.lessons])
        liking = np.array([entrant.liking[lesson.format] for lesson in offer.lessons])
        self._pull = (
            FOR_THE_ROLE * np.isin(self._main, list(required))
            + TASTE * liking
            + APPEAL * np.array(offer.appeal)
        )

    def choose(self, asking: Asking) -> int | None:
        """Return the row of the next module, None where nothing is open."""
        history = asking.history
        rows = self._offer.index.module_ids.index_of
        done = {
            rows[event.module_id]
            for event in history.interactions
            if is_done(event.event, event.success)
        }
        closed = self._closed(done, asking.barred)
        if self._rng.random() < SHARE_BY_CURRICULUM:
            following = next((row for row in self._curriculum if not closed[row]), None)
            if following is not None:
                return following
        pull = self._pull.copy()
        if history.interactions:
            last = rows[history.interactions[-1].module_id]
            after = min(last + 1, len(pull) - 1)
            pull[after] += NEXT_RUNG * (self._main[after] == self._main[last])
        drawn = np.where(closed, -np.inf, pull + self._rng.gumbel(size=len(pull)))
        best = int(np.argmax(drawn))
        return best if np.isfinite(drawn[best]) else None

    def _closed(self, done: set[int], barred: frozenset[int]) -> NDArray[np.bool_]:
        links = self._offer.index.module_links
        is_done = np.zeros(len(self._main), dtype=bool)
        is_done[list(done)] = True
        met = np.where(links.requires >= 0, is_done[links.requires], False)
        closed = is_done.copy()
        closed[list(barred)] = True
        closed[links.module[(links.strength >= 1.0) & ~met]] = True
        return closed
