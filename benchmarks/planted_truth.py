"""How well mastery and gain recover the truth planted in sample academies.

Run `.venv/bin/python benchmarks/planted_truth.py [--learners N] [--seeds S …]`. Each academy is
written and read as history folders are, models are fitted with seed 0, and every learner is scored
at the academy's present. Mastery is compared with the true level (the academy's success is .75
where level equals difficulty, so both are on one scale), over pairs of learner and skill; and with
the difficulty at which the p_success that is served crosses .75, for a new module about that skill
alone.
"""

import argparse
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY
from features.encode.state import LearnerStates
from features.encode.words import index_words
from features.score.mastery import mastery
from features.score.skill_sets import SkillSets
from features.score.success import BoundSuccess
from training.academy import Academy, generate_academy, write_folder
from training.evaluation.protocols import hold_out_by_id
from training.histories.data import TrainingData, read_folder_data
from training.models import SUCCESS, Models, Task, evidence_log, fit_models

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MANY = 200  # completions
CROSSING_HEAD = ("p = .75", "n", "mean gap", "rms gap", "10 %", "90 %", "r mastery", "r truth")
HEAD = ("pairs", "n", "r", "bias", "low", "middle", "high", "±1 SE", "±2 SE", "SE/rmse")


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Mastery, its error and the truth, all (n_learners, n_skills); and what evidence there is.

    `crossing` is the difficulty at which the p_success that is served is .75.
    """

    mastery: NDArray[np.float64]
    crossing: NDArray[np.float64]
    error: NDArray[np.float64]
    truth: NDArray[np.float64]
    n_attempts: NDArray[np.int64]
    n_judged: NDArray[np.int64]
    touched: NDArray[np.bool_]


def fit(academy: Academy) -> tuple[TrainingData, Models]:
    """Fit the models of success as `waymark train` does."""
    with tempfile.TemporaryDirectory() as scratch:
        write_folder(academy, Path(scratch))
        data = read_folder_data(Path(scratch), now=NOW)
    holdout = hold_out_by_id(data, np.random.default_rng(0))
    task = Task(data=data, holdout=holdout, seed=0, parts=frozenset({SUCCESS}))
    return data, fit_models(task)


def read_pairs(academy: Academy, data: TrainingData, models: Models) -> Pairs:
    """Read every learner's mastery at the academy's present."""
    assert models.success is not None
    index, log = models.index, data.log
    bound = models.success.model.bind(index.skills, index_words(index.modules))
    evidence = evidence_log(data, index)
    roles, goals = (data.learner_attributes[name] for name in ("role_id", "goal_role_id"))
    skills = index.skill_ids.positions(academy.truth.skill_ids)
    rows = academy.truth.learner_ids.positions(log.learner_ids)
    of_skill = np.zeros((log.n_modules, len(index.skill_ids)), dtype=bool)
    of_skill[index.skills.module, index.skills.skill] = True
    columns = []
    for row in range(log.n_learners):
        one = np.arange(log.n_learners) == row
        own, judged = log.take_learners(one), evidence.take_learners(one)
        held = bound.levels.roles([str(roles[row]) or None], [str(goals[row]) or None])
        state = bound.learner_states(own, np.array([academy.now.timestamp()]), judged, held)
        (standing,) = mastery(bound, state)
        attempts = of_skill[own.module[own.success >= 0]].sum(axis=0)
        counts = np.bincount(judged.skill, minlength=len(index.skill_ids))
        touched = of_skill[own.module].any(axis=0) | (counts > 0)
        columns.append(
            [
                standing.mastery,
                standing.standard_error,
                crossings(bound, state),
                attempts,
                counts,
                touched.astype(float),
            ]
        )
    level, error, crossing, attempts, counts, touched = np.moveaxis(
        np.array(columns)[:, :, skills], 1, 0
    )
    return Pairs(
        mastery=level,
        error=error,
        crossing=crossing,
        truth=academy.truth.level[rows],
        n_attempts=attempts.astype(np.int64),
        n_judged=counts.astype(np.int64),
        touched=touched > 0,
    )


def crossings(bound: BoundSuccess, state: LearnerStates) -> NDArray[np.float64]:
    """Return the difficulty at which one learner's p_success is .75, by skill, within [0,1]."""
    n_skills, yardstick = len(bound.index.skill_ids), bound.yardstick
    every, ones = np.arange(n_skills), np.ones(n_skills)
    alone = SkillSets(
        of_module=every, indptr=np.arange(n_skills + 1), skill=every, weight=ones, share=ones
    )
    # The service has no such module, so there is no public way to ask for it, and nobody tried it.
    none = np.zeros(0, dtype=np.int64)
    state = replace(state, tried=none, tried_by=none, module_signals=state.module_signals[:0])
    corrections, _ = bound._corrections(state, alone)  # noqa: SLF001
    lines = bound._lines(state, alone, corrections)  # noqa: SLF001
    hard = (lines.level[0] - LOGIT_OF_MASTERY) / lines.slope[0] + yardstick.skill_offset[:n_skills]
    return np.clip(yardstick.level_of_zero + hard / yardstick.logits_per_level, 0.0, 1.0)


def print_mastery(pairs: Pairs) -> None:
    """Print correlation, bias (overall and by third of the truth), coverage and size of errors."""
    print("".join(f"{name:>10}" for name in HEAD))
    chosen = {
        "all": np.ones_like(pairs.touched),
        "touched": pairs.touched,
        "evidence": pairs.n_attempts + pairs.n_judged > 0,
        "judged": pairs.n_judged > 0,
        "tried ≥ 3": pairs.n_attempts >= 3,
        "tried ≥ 6": pairs.n_attempts >= 6,
    }
    for name, mask in chosen.items():
        off = (pairs.mastery - pairs.truth)[mask]
        truth, error = pairs.truth[mask], pairs.error[mask]
        third = np.searchsorted(np.quantile(truth, [1 / 3, 2 / 3]), truth)
        rmse = float(np.sqrt(np.mean(off**2)))
        figures = [
            float(np.corrcoef(pairs.mastery[mask], truth)[0, 1]),
            float(off.mean()),
            *(float(off[third == k].mean()) for k in range(3)),
            float(np.mean(np.abs(off) <= error)),
            float(np.mean(np.abs(off) <= 2 * error)),
            float(np.sqrt(np.mean(error**2)) / rmse),
        ]
        print(f"{name:>10}{mask.sum():>10}" + "".join(f"{figure:>10.3f}" for figure in figures))


def print_crossing(pairs: Pairs) -> None:
    """Print how far mastery and the difficulty at which p_success is .75 lie apart."""
    print("".join(f"{name:>10}" for name in CROSSING_HEAD))
    for name, mask in {
        "all": np.ones_like(pairs.touched),
        "touched": pairs.touched,
        "judged": pairs.n_judged > 0,
        "tried ≥ 3": pairs.n_attempts >= 3,
    }.items():
        apart = (pairs.crossing - pairs.mastery)[mask]
        figures = [
            float(apart.mean()),
            float(np.sqrt(np.mean(apart**2))),
            *np.quantile(apart, [0.1, 0.9]).tolist(),
            float(np.corrcoef(pairs.crossing[mask], pairs.mastery[mask])[0, 1]),
            float(np.corrcoef(pairs.crossing[mask], pairs.truth[mask])[0, 1]),
        ]
        print(f"{name:>10}{mask.sum():>10}" + "".join(f"{figure:>10.3f}" for figure in figures))


def print_gain(academy: Academy, data: TrainingData, models: Models) -> None:
    """Print how gains compare with the truth, where many completed the module."""
    assert models.success is not None
    log, levels = data.log, models.success.levels
    truth = np.zeros(log.n_modules)
    truth[models.index.module_ids.positions(academy.truth.module_ids)] = academy.truth.gain.max(
        axis=1
    )
    pairs = np.unique(log.learner[log.done].astype(np.int64) * log.n_modules + log.module[log.done])
    completions = np.bincount(pairs % log.n_modules, minlength=log.n_modules)
    many = (completions >= MANY) & ~models.index.is_question
    gain, error = levels.gain.gain[many], levels.gain.standard_error[many]
    useful = truth[many] > 0
    signs, none = np.mean(gain[useful] > 0), gain - 1.96 * error <= 0
    place, true_place = (np.argsort(np.argsort(values)) for values in (gain, truth[many]))
    rank = float(np.corrcoef(place, true_place)[0, 1])
    print(
        f"gain: {many.sum()} modules with {MANY}+ completions; useful ones with gain > 0 "
        f"{signs:.3f}; "
        f"useless ones whose interval has 0 {none[~useful].sum()} of {(~useful).sum()}; "
        f"rank correlation {rank:.3f}"
    )
    print(
        f"slope {levels.slope:.2f} (true "
        f"{academy.truth.model.discrimination}); half-life {levels.half_life_days} days (true "
        f"{academy.truth.model.half_life_days}, longer with practice)"
    )


def print_judges(academy: Academy, models: Models) -> None:
    """Print what judges were found to be worth beside the spread that was planted."""
    assert models.success is not None
    judges = models.success.levels.reliability
    assert judges is not None
    planted = ", ".join(
        f"{source} {academy.truth.model.noise_of(source):.2f}"
        for source, _ in academy.truth.model.reliability_by_source
    )
    print(f"judges, stated less true: {judges.in_words()}; planted spread: {planted}")


def main() -> None:
    """Print three tables and two lines for every academy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    chosen = parser.parse_args()
    for seed in chosen.seeds:
        academy = generate_academy(n_learners=chosen.learners, seed=seed, now=NOW)
        data, models = fit(academy)
        print(f"academy {seed}, {chosen.learners} learners, {len(data.log)} interactions")
        pairs = read_pairs(academy, data, models)
        print_mastery(pairs)
        print_crossing(pairs)
        print_gain(academy, data, models)
        print_judges(academy, models)


if __name__ == "__main__":
    main()
