"""Peers: who has the skill a learner lacks, is willing, and has not been named too often.

References
----------
Thaler, D. G., & Ravishankar, C. V. (1998). Using name-based mappings to increase hit rates
(rendezvous hashing: each learner goes round the same people in an order of their own).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from features.decide.phrases.choice import language_for
from features.domain.history import Learner
from features.domain.peers import Peer
from features.domain.recommendation import Reason

MARGIN = 0.1  # levels a peer must be ahead, after their standard error
HELD_FOR = timedelta(days=14)  # who asks again within this time is named the same people
OFFER_WINDOW = timedelta(days=30)
MOST_OFFERS = 12  # a peer is named to so many within the window

WORDS = ((0.25, "beginning"), (0.5, "working"), (0.75, "advanced"), (1.0, "expert"))


@dataclass(frozen=True, kw_only=True)
class Seeker:
    """Who looks for help with which skill; levels in [0,1], `target` None where none is set."""

    learner: Learner
    skill_id: str
    skill_name: str
    mastery: float
    target: float | None


@dataclass(frozen=True, kw_only=True)
class Helper:
    """One who is willing.

    Attributes
    ----------
    learner
        Who.
    mastery, standard_error
        In the skill, levels in [0,1].
    n_offers
        To how many they were named within `OFFER_WINDOW`.
    offered_at
        When they were named to this seeker, if that was within `HELD_FOR`.
    """

    learner: Learner
    mastery: float
    standard_error: float
    n_offers: int = 0
    offered_at: datetime | None = None

    @property
    def is_free(self) -> bool:
        """Whether they may be named: to this seeker already, or not too often of late."""
        return self.offered_at is not None or self.n_offers < MOST_OFFERS


def in_turn(seeker: Learner, skill_id: str, willing: Iterable[Learner]) -> list[Learner]:
    """Order those willing, in an order of this seeker and skill alone.

    The seeker, their manager and those they manage are left out; those of another language come
    last. Nobody comes early for more seekers than anyone else.
    """
    return sorted(
        (each for each in willing if _may_help(seeker, each)),
        key=lambda each: (not _share_language(seeker, each), _draw(seeker, skill_id, each)),
    )


def has_more(seeker: Seeker, helper: Helper) -> bool:
    """Tell whether a helper is surely ahead: `MARGIN` over the seeker after a standard error."""
    return helper.mastery - helper.standard_error >= seeker.mastery + MARGIN


def choose_peers(
    seeker: Seeker, helpers: Sequence[Helper], now: datetime, limit: int
) -> tuple[Peer, ...]:
    """Choose whom to name.

    Whoever is named already stays. Then come those who reach the seeker's target, of the same
    language, named least of late, of the same department and location.

    Parameters
    ----------
    seeker
        Who asks.
    helpers
        Willing, in turn; those not ahead or not free are passed over.
    now
        Aware UTC.
    limit
        At most so many.
    """
    named = [each for each in helpers if each.is_free and has_more(seeker, each)]
    own = seeker.learner

    def order(helper: Helper) -> tuple[object, ...]:
        return (
            helper.offered_at or now,
            not _reaches(seeker, helper),
            not _share_language(own, helper.learner),
            helper.n_offers,
            not _share("department", own, helper.learner),
            not _share("location", own, helper.learner),
            _draw(own, seeker.skill_id, helper.learner),
        )

    return tuple(_peer(seeker, helper, now) for helper in sorted(named, key=order)[:limit])


def nobody(seeker: Seeker, helpers: Sequence[Helper], *, anyone_willing: bool) -> Reason:
    """Say why nobody is named."""
    if not anyone_willing:
        code = "nobody_willing"
    elif any(has_more(seeker, helper) for helper in helpers):
        code = "all_named_often"
    else:
        code = "nobody_ahead"
    return _reason(code, seeker)


def level_word(level: float) -> str:
    """Return a level in [0,1] as a word; peers' figures are nobody else's business."""
    return next(word for most, word in WORDS if level <= most)


def _peer(seeker: Seeker, helper: Helper, now: datetime) -> Peer:
    own, other = seeker.learner, helper.learner
    codes = ["reaches_target" if _reaches(seeker, helper) else "ahead"]
    shared = ("language", "department", "location")
    codes += [f"same_{name}" for name in shared if _share(name, own, other)]
    return Peer(
        learner_id=other.learner_id,
        level=level_word(helper.mastery),
        offered_at=helper.offered_at or now,
        reasons=tuple(_reason(code, seeker) for code in codes),
    )


def _reason(code: str, seeker: Seeker) -> Reason:
    language = language_for(seeker.learner.language)
    return Reason(code=code, text=language.say(code, {"skill": seeker.skill_name}))


def _reaches(seeker: Seeker, helper: Helper) -> bool:
    return seeker.target is not None and helper.mastery - helper.standard_error >= seeker.target


def _may_help(seeker: Learner, other: Learner) -> bool:
    """Help and judgement stay apart: no manager is named to those they manage, nor the reverse."""
    return other.learner_id not in (seeker.learner_id, seeker.manager_id) and (
        other.manager_id != seeker.learner_id
    )


def _share_language(one: Learner, other: Learner) -> bool:
    return None in (one.language, other.language) or one.language == other.language


def _share(name: str, one: Learner, other: Learner) -> bool:
    value = getattr(one, name)
    return value is not None and value == getattr(other, name)


def _draw(seeker: Learner, skill_id: str, other: Learner) -> bytes:
    words = (seeker.learner_id, skill_id, other.learner_id)
    return blake2b("\x00".join(words).encode(), digest_size=8).digest()
