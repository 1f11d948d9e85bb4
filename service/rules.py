"""Trying a rule on the learners at hand before it is on."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import batched, islice
from typing import Any

from features.decide.conditions import Facts, holds, mentions
from features.decide.facts import Subject, facts_of
from features.domain.catalogue import Rule
from features.domain.history import Learner, LearnerHistory
from features.encode.learner import encode_learner
from features.score.scorer import Scorer
from features.store.workspace import Repositories

MOST_PROFILES = 200_000
MOST_HISTORIES = 1_000
MOST_EXAMPLES = 10
PAGE = 5_000
READ_AT_ONCE = 100  # histories
FROM_SCORES = frozenset({"mastery", "sure_mastery"})
FROM_HISTORIES = frozenset({"done", "scores", "evidence"}) | FROM_SCORES


def try_rule(
    repositories: Repositories, scorer: Scorer, rule: Rule, now: datetime
) -> Mapping[str, Any]:
    """Count the learners for whom a rule holds now.

    Parameters
    ----------
    repositories
        Of the workspace.
    scorer
        For conditions on mastery.
    rule
        Checked; it need not be stored.
    now
        Aware UTC.

    Returns
    -------
    mapping
        As `RuleTrialView`. Conditions on profiles alone are tried on up to `MOST_PROFILES`
        learners, others, which need histories, on up to `MOST_HISTORIES` spread evenly over the
        ids.
    """
    asked = mentions(((rule.when,),))
    names = asked.names
    n_learners = repositories.learners.n_learners()
    most = MOST_HISTORIES if names & FROM_HISTORIES else MOST_PROFILES
    step = max(1, -(-n_learners // most))
    outcomes: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    examples: list[str] = []
    chosen = islice(_everyone(repositories), 0, None, step)
    for history in _known(repositories, chosen, names):
        outcome = holds(rule.when, Facts(facts_of(_subject(history, scorer, now, names), asked)))
        outcomes[outcome] += 1
        if outcome and len(examples) < MOST_EXAMPLES:
            examples.append(history.learner.learner_id)
    return {
        "n_learners": n_learners,
        "n_asked": sum(outcomes.values()),
        "n_holds": outcomes[True],
        "n_unknown": outcomes[None],
        "examples": examples,
    }


def _everyone(repositories: Repositories) -> Iterator[Learner]:
    after = None
    while page := repositories.learners.list(after, PAGE):
        yield from page
        after = page[-1].learner_id


def _known(
    repositories: Repositories, learners: Iterable[Learner], names: frozenset[str]
) -> Iterator[LearnerHistory]:
    """Yield what conditions on these names need to know of each learner."""
    if not names & FROM_HISTORIES:
        yield from (LearnerHistory(learner=learner) for learner in learners)
        return
    for some in batched(learners, READ_AT_ONCE):
        ids = [learner.learner_id for learner in some]
        histories = repositories.learners.histories(ids)
        yield from (histories[learner_id] for learner_id in ids)


def _subject(
    history: LearnerHistory, scorer: Scorer, now: datetime, names: frozenset[str]
) -> Subject:
    arrays = encode_learner(history, scorer.index)
    scores = scorer.score(history, arrays, now.timestamp()) if names & FROM_SCORES else None
    return Subject(history=history, now=now, index=scorer.index, arrays=arrays, scores=scores)
