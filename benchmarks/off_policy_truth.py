"""Whether replays find the truth on what the simulator records: another policy's worth is known.

Run `.venv/bin/python benchmarks/off_policy_truth.py [--logs 200] [--learners 100] [--seed 0]`:
about a minute of one core. Simulated learners pass through their programme, served by
`features.decide` under the default policy with a scorer without snapshots; of every answer that
left a choice the candidates are recorded, and beside them each one's true probability of success,
were it tried then (the mind's own). What earns is success, so that a policy is worth
Σ π(a|x)·p(a|x), averaged over answers, with π worked out from the recorded candidates as
`waymark experiment replay` does.

Each log then draws learners (one drawn twice is two), what led their answers by the logging
policy's probabilities, and success by the truth, and goes through the reward model and the
estimators of the replay. Two pairs of policies are tried on the same answers:

- near: logged by the default policy as it is (exploration .02); the other aims at modules that
  succeed with .85 instead of .75;
- far: logged with exploration .04; the other aims at .9, and weighs `fit` .05 more and `gap` .05
  less. Much farther ones lead with what is not among the best 20 that the log is drawn
  from, and are refused.

Prints a table in Markdown for each pair; exits 1 where DR's 95 % interval covers less than 90 % of
logs, DR errs (root mean square) no less than IPS, or more than a tenth of the logs are refused.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.decide.decide import decide
from features.decide.leading import leads_under
from features.domain.catalogue import DEFAULT_WEIGHTS, Policy
from features.domain.errors import ReplayRefusedError
from features.domain.instants import SECONDS_PER_DAY
from features.domain.recommendation import Candidates, DecisionRequest, RequestContext
from features.score.scorer import Scorer, bind
from training.academy.texts import read_texts
from training.experiments.logged import Candidates as Listed
from training.experiments.logged import Logged, log_candidates
from training.experiments.off_policy import Replay, replay
from training.readings.replaying import features_of, model_rewards
from training.simulation.entrants import draw_entrants
from training.simulation.loop import Asking, Passage, Rules
from training.simulation.minds import Mind
from training.simulation.offer import build_offer
from training.simulation.parameters import Content, Entrants, Programme, Staying
from training.simulation.simulate import STARTS_AT, LearnerModelName, mind_of

COPIES = 4  # learners in a log, for each that was recorded
N_RESAMPLES = 500
LEAST_COVERED, MOST_REFUSED = 0.9, 0.1
DEFAULT = Policy()
FITTING = {
    **DEFAULT_WEIGHTS,
    "fit": DEFAULT_WEIGHTS["fit"] + 0.05,
    "gap": DEFAULT_WEIGHTS["gap"] - 0.05,
}
EXPLORING = replace(DEFAULT, exploration=0.04)
Floats = NDArray[np.float64]
# Name → the policy that logs, the policy that is replayed.
PAIRS: Mapping[str, tuple[Policy, Policy]] = {
    "near": (DEFAULT, replace(DEFAULT, p_target=0.85)),
    "far": (EXPLORING, replace(EXPLORING, p_target=0.9, weights=FITTING)),
}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """An answer: its candidates, and each one's true probability of success, float64, (n,)."""

    learner: int
    candidates: Candidates
    worth: Floats


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers under a pair of policies, lists padded with zeros to n_candidates.

    Attributes
    ----------
    rows_of
        Of each learner, which answers are theirs.
    logging, target, worth
        float64, (n, n_candidates): how either policy leads, and true success.
    features
        float64, (n, n_candidates, n_features), of the reward model.
    """

    rows_of: Sequence[NDArray[np.int64]]
    logging: Floats
    target: Floats
    worth: Floats
    features: Floats

    @property
    def truth(self) -> float:
        """What the other policy is worth an answer."""
        return float(np.mean(np.sum(self.target * self.worth, axis=1)))


class _Recorder:
    """Serves one learner as the service does, and keeps answers that left a choice."""

    def __init__(self, learner: int, mind: Mind, rules: Rules, scorer: Scorer, seed: int) -> None:
        self._learner, self._mind, self._rules, self._scorer = learner, mind, rules, scorer
        self._rng = np.random.default_rng(seed)
        self.kept: list[Recorded] = []

    def choose(self, asking: Asking) -> int | None:
        """Return the row of the module that leads the answer, None where there is none."""
        modules = self._scorer.index.module_ids
        context = RequestContext(exclude=frozenset(modules.ids[row] for row in asking.barred))
        request = DecisionRequest(history=asking.history, context=context, now=asking.now)
        answer = decide(request, self._scorer, DEFAULT, self._rng)
        if not answer.items:
            return None
        if answer.candidates.module_ids and answer.candidates.tier[0] != 0:
            self._keep(answer.candidates, asking)
        return modules.index_of[answer.items[0].module_id]

    def _keep(self, candidates: Candidates, asking: Asking) -> None:
        day = (asking.now - self._rules.starts_at).total_seconds() / SECONDS_PER_DAY
        rows = [self._scorer.index.module_ids.index_of[each] for each in candidates.module_ids]
        worth = [self._mind.p_success(self._rules.offer.lessons[row], day) for row in rows]
        self.kept.append(
            Recorded(learner=self._learner, candidates=candidates, worth=np.array(worth))
        )


def record(n_learners: int, n_weeks: int, seed: int) -> list[Recorded]:
    """Let simulated learners pass through a programme under the default policy."""
    texts, rng = read_texts(), np.random.default_rng(seed)
    programme = replace(Programme(), n_weeks=n_weeks)
    offer = build_offer(texts, Content(), STARTS_AT, rng)
    rules = Rules(offer=offer, programme=programme, staying=Staying(), starts_at=STARTS_AT)
    scorer = bind(offer.index, None)
    entrants = draw_entrants(n_learners, offer, texts, (Entrants(), programme), rng)
    recorded: list[Recorded] = []
    for learner, entrant in enumerate(entrants):
        mind = mind_of(LearnerModelName.IRT, entrant)
        recorder = _Recorder(learner, mind, rules, scorer, entrant.seed)
        Passage(entrant, mind, rules).run(recorder)
        recorded += recorder.kept
    return recorded


def answers_under(recorded: Sequence[Recorded], pair: tuple[Policy, Policy]) -> Answers:
    """Work out how both policies lead; what neither leads with is left out, as replays do."""
    columns: list[tuple[Floats, ...]] = []
    for each in recorded:
        logging, target = (leads_under(each.candidates, policy, 1) for policy in pair)
        kept = np.flatnonzero(logging + target)
        every = (logging, target, each.worth, features_of(each.candidates))
        columns.append(tuple(values[kept] for values in every))
    logging, target, worth, features = map(_padded, zip(*columns, strict=True))
    learner = np.array([each.learner for each in recorded])
    return Answers(
        rows_of=[np.flatnonzero(learner == one) for one in np.unique(learner)],
        logging=logging,
        target=target,
        worth=worth,
        features=features,
    )


def log_again(answers: Answers, rng: np.random.Generator) -> Logged:
    """Draw learners, what led each of their answers, and whether it succeeded."""
    n = len(answers.rows_of)
    drawn = rng.integers(n, size=COPIES * n)
    rows = np.concatenate([answers.rows_of[one] for one in drawn])
    sizes = [len(answers.rows_of[one]) for one in drawn]
    cumulative = np.cumsum(answers.logging[rows], axis=1)
    luck = rng.random((len(rows), 1)) * cumulative[:, -1:]
    chosen = np.sum(cumulative <= luck, axis=1)
    reward = (rng.random(len(rows)) < answers.worth[rows, chosen]).astype(np.float64)
    # Folds keep all that were drawn from one recorded learner together.
    modelled = model_rewards(drawn.repeat(sizes), reward, chosen, list(answers.features[rows]))
    listed = Listed(chosen=chosen, target=answers.target[rows], modelled=np.stack(modelled))
    learner = np.arange(len(drawn)).repeat(sizes)
    return log_candidates(learner, reward, answers.logging[rows, chosen], listed)


def replay_all(answers: Answers, n_logs: int, rng: np.random.Generator) -> list[Replay]:
    """Replay the other policy on n logs; those that are refused are missing."""
    found = []
    for _ in range(n_logs):
        try:
            found.append(replay(log_again(answers, rng), rng, n_resamples=N_RESAMPLES))
        except ReplayRefusedError as refusal:
            print(f"refused: {refusal}", file=sys.stderr)
    return found


def tell(found: Sequence[Replay], truth: float, n_logs: int) -> bool:
    """Print what was found, and return whether the aims were met."""
    print(f"{n_logs} logs, {n_logs - len(found)} refused.", end=" ")
    if not found:
        print("**NOT met.**\n")
        return False
    supports = [each.support for each in found]
    n, effective, overlap, mean, largest = np.mean(
        [(s.n, s.effective_n, s.overlap, s.mean_weight, s.largest_weight) for s in supports], axis=0
    )
    print(
        f"A log has {n:,.0f} answers, worth {effective:,.0f} of the other policy's (least "
        f"{min(s.effective_n for s in supports):,.0f}); overlap {overlap:.2f}, mean weight "
        f"{mean:.3f}, largest {largest:.0f}. The other policy is worth {truth:.4f}, the logged "
        f"one {np.mean([each.logged_value for each in found]):.4f}.\n"
    )
    print("| | 95 % interval covers | mean error | root mean square error |")
    print("| --- | ---: | ---: | ---: |")
    covered, errors = {}, {}
    for name in found[0].values:
        values = [each.values[name] for each in found]
        misses = np.array([one.value - truth for one in values])
        covered[name] = float(np.mean([one.low <= truth <= one.high for one in values]))
        errors[name] = float(np.sqrt(np.mean(misses**2)))
        print(f"| {name} | {covered[name]:.1%} | {misses.mean():+.4f} | {errors[name]:.4f} |")
    is_met = (
        covered["dr"] >= LEAST_COVERED
        and errors["dr"] < errors["ips"]
        and len(found) >= (1.0 - MOST_REFUSED) * n_logs
    )
    print(f"\nDR covers ≥ {LEAST_COVERED:.0%} and errs less than IPS: {_verdict(is_met)}.\n")
    return is_met


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**NOT met**"


def _padded(lists: Sequence[Floats]) -> Floats:
    padded = np.zeros((len(lists), max(map(len, lists)), *lists[0].shape[1:]))
    for row, values in enumerate(lists):
        padded[row, : len(values)] = values
    return padded


def main() -> None:
    """Record once, log again and again, print, and exit 1 where an aim was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--logs", type=int, default=200)
    parser.add_argument("--learners", type=int, default=100)
    parser.add_argument("--weeks", type=int, default=Programme().n_weeks)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    recorded = record(chosen.learners, chosen.weeks, chosen.seed)
    print(f"{len(recorded):,} answers to {chosen.learners} learners left a choice.\n", flush=True)
    kept = True
    for name, pair in PAIRS.items():
        answers, rng = answers_under(recorded, pair), np.random.default_rng(chosen.seed)
        print(f"**{name}**:", end=" ")
        kept &= tell(replay_all(answers, chosen.logs, rng), answers.truth, chosen.logs)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
