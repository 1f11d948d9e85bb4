"""How many questions a pre-assessment asks, beside catsim's maximum-information runs.

Run `.venv/bin/python benchmarks/preassessment.py [--examinees N] [--seeds S …] [--banks N …]`. For
every seed a bank of Rasch questions (difficulty standard normal) and examinees (ability standard
normal) are drawn; everybody is asked until the standard error is .4 logits or the bank is empty,
by `features.decide.assess`, which serves, and by catsim's simulator in an isolated environment
(`uv run --isolated --with catsim==…`; uv takes it from the index it is set up with).

The rule stops on the standard error each method believes in. A prior lowers it from the start: one
of standard deviation 1 is worth four well-chosen questions. So like is compared with like: both
without a prior (Waymark's is then 10 logits wide), and both with the same; where learners are
not as the prior says, the last row shows what that costs. catsim brings neither priors nor several
skills at once: its estimator with a prior is written here, and its three skills are three runs.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.decide.assess import Bank, next_question, prior_belief, update
from features.encode.ability import sigmoid

HERE = Path(__file__).parent
CATSIM = ("catsim==0.21.0", "numpy", "scipy")
GOAL = 0.4  # logits
FLAT = 10.0  # logits: a prior that says next to nothing
SHARE = 0.5  # correlation of abilities between skills
N_SKILLS = 3
COLUMNS = ("mean", "median", "95 %", "reached", "bias", "RMSE", "within 1.96 SE")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a method found of n examinees.

    Attributes
    ----------
    n_asked
        float64, (n,).
    error, standard_error
        float64, (n, k), logits: estimate less truth, and what the method believed of it.
    """

    n_asked: NDArray[np.float64]
    error: NDArray[np.float64]
    standard_error: NDArray[np.float64]

    def figures(self) -> NDArray[np.float64]:
        """Return the values of `COLUMNS`."""
        within = np.abs(self.error) <= 1.96 * self.standard_error
        return np.array(
            [
                self.n_asked.mean(),
                np.median(self.n_asked),
                np.quantile(self.n_asked, 0.95),
                np.mean(self.standard_error.max(axis=1) <= GOAL),
                self.error.mean(),
                np.sqrt(np.mean(self.error**2)),
                within.mean(),
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A bank, examinees, and the luck each would have with each question.

    `difficulty` is float64, (k, n_questions), `ability` (n_examinees, k), both in logits.
    """

    difficulty: NDArray[np.float64]
    ability: NDArray[np.float64]
    seed: int

    @classmethod
    def draw(cls, n_questions: int, n_skills: int, n_examinees: int, seed: int) -> "Trial":
        """Draw abilities that are standard normal and correlate by `SHARE` between skills."""
        rng = np.random.default_rng([n_questions, n_skills, seed])
        common = rng.normal(size=(n_examinees, 1))
        own = rng.normal(size=(n_examinees, n_skills))
        return cls(
            difficulty=rng.normal(size=(n_skills, n_questions)),
            ability=np.sqrt(SHARE) * common + np.sqrt(1.0 - SHARE) * own,
            seed=seed,
        )

    def ask(self, mean: float, spread: float) -> Found:
        """Ask everybody, starting from a normal prior in logits; skills are asked jointly."""
        k, n_questions = self.difficulty.shape
        bank = Bank(
            loading=np.repeat(np.eye(k), n_questions, axis=0), difficulty=self.difficulty.ravel()
        )
        prior = prior_belief(np.full(k, mean), np.full(k, spread), SHARE, np.zeros((k, k)))
        luck = np.random.default_rng([self.seed, 1]).random((len(self.ability), k * n_questions))
        rows = []
        for ability, chance in zip(self.ability, luck, strict=True):
            would = (sigmoid(bank.loading @ ability - bank.difficulty) >= chance).astype(float)
            belief, asked = prior, np.zeros(0, dtype=np.int64)
            is_open = np.ones(len(would), dtype=bool)
            while (best := next_question(belief, bank, is_open, GOAL)) is not None:
                is_open[best] = False
                asked = np.append(asked, best)
                belief = update(prior, bank, asked, would[asked])
            rows.append((float(len(asked)), belief.mean - ability, belief.standard_error))
        n_asked, error, standard_error = zip(*rows, strict=True)
        return Found(
            n_asked=np.array(n_asked),
            error=np.array(error),
            standard_error=np.array(standard_error),
        )


def ask_catsim(trials: list[Trial]) -> Iterator[Mapping[str, Found]]:
    """Let catsim ask in the same banks, every skill in a run of its own; yield by way."""
    uv = shutil.which("uv") or shutil.which("uv", path=HERE.parent / ".uv" / "bin")
    if uv is None:
        sys.exit("uv is not installed; `make setup` puts it into .uv")
    python = str(Path(sys.executable).resolve())
    with_each = [word for name in CATSIM for word in ("--with", name)]
    script = str(HERE / "preassessment_with_catsim.py")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for number, trial in enumerate(trials):
            for skill, difficulty in enumerate(trial.difficulty):
                np.savez(
                    folder / f"task{number}-{skill}.npz",
                    difficulty=difficulty,
                    ability=trial.ability[:, skill],
                    goal=GOAL,
                    seed=1_000 * trial.seed + skill,
                )
        isolated = [uv, "run", "--quiet", "--isolated", "--no-project", "--no-python-downloads"]
        command = [*isolated, "--python", python, *with_each, "python", script, str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for number, trial in enumerate(trials):
            parts = []
            for skill in range(len(trial.difficulty)):
                with np.load(folder / f"catsim{number}-{skill}.npz", allow_pickle=False) as part:
                    parts.append(dict(part))
            yield {way: _joined(parts, way, trial) for way in ("plain", "prior")}


def _joined(parts: list[dict[str, NDArray[np.float64]]], way: str, trial: Trial) -> Found:
    def stacked(what: str) -> NDArray[np.float64]:
        return np.column_stack([part[f"{way}_{what}"] for part in parts])

    return Found(
        n_asked=stacked("n_asked").sum(axis=1),
        error=stacked("estimate") - trial.ability,
        standard_error=stacked("error"),
    )


def compare(trials: list[Trial]) -> None:
    """Print one table: figures as means over seeds with 95 % intervals, and paired differences."""
    catsim = list(ask_catsim(trials))
    ways: dict[str, tuple[Callable[[int], Found], str]] = {
        "Waymark, no prior": (lambda n: trials[n].ask(0.0, FLAT), "plain"),
        "catsim, as it comes": (lambda n: catsim[n]["plain"], "plain"),
        "Waymark, prior N(0, 1)": (lambda n: trials[n].ask(0.0, 1.0), "prior"),
        "catsim, prior N(0, 1)": (lambda n: catsim[n]["prior"], "prior"),
        "Waymark, prior N(-1, 1)": (lambda n: trials[n].ask(-1.0, 1.0), "prior"),
    }
    heads = ("questions", *COLUMNS, "questions more than catsim so")
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads), flush=True)
    for name, (ask, beside) in ways.items():
        found = [ask(number) for number in range(len(trials))]
        figures = np.array([each.figures() for each in found])
        more = [
            each.n_asked.mean() - other[beside].n_asked.mean()
            for each, other in zip(found, catsim, strict=True)
        ]
        cells = [_with_interval(column) for column in figures.T]
        last = "-" if name.startswith("catsim") else _with_interval(np.array(more))
        print("| " + " | ".join([name, *cells, last]) + " |", flush=True)


def _with_interval(values: NDArray[np.float64]) -> str:
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.2f} ± {half:.2f}"


def main() -> None:
    """Print a table for every size of bank, and one for skills assessed together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examinees", type=int, default=250)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10, 18)))
    parser.add_argument("--banks", type=int, nargs="+", default=[300, 60], help="questions a skill")
    chosen = parser.parse_args()
    if len(chosen.seeds) < 2:
        parser.error("--seeds takes at least two: intervals are over seeds")
    for n_skills in (1, N_SKILLS):
        for n_questions in chosen.banks if n_skills == 1 else chosen.banks[:1]:
            print(
                f"\n{n_skills} skill{'s' * (n_skills > 1)}, {n_questions} questions each, "
                f"{chosen.examinees} examinees × {len(chosen.seeds)} seeds\n"
            )
            compare(
                [Trial.draw(n_questions, n_skills, chosen.examinees, seed) for seed in chosen.seeds]
            )


if __name__ == "__main__":
    main()
