"""catsim's side of `preassessment.py`: runs in an environment of its own, with catsim and numpy.

Reads banks and examinees from a folder, runs catsim's simulator over each, and writes how many
questions were asked and what was estimated.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from catsim import ItemBank
from catsim.estimation import BaseEstimator, NumericalSearchEstimator
from catsim.initialization import FixedPointInitializer
from catsim.irt import test_info
from catsim.selection import MaxInfoSelector
from catsim.simulation import Simulator
from catsim.stopping import BaseStopper, MinErrorStopper
from numpy.typing import NDArray

N_STEPS = 25


class PriorEstimator(BaseEstimator):
    """The most credible ability under a standard normal prior, which catsim does not bring."""

    def estimate(self, index: int | None = None, **_: Any) -> float:
        """Find it by Newton's method; the log posterior is concave."""
        assert index is not None
        hard = self.simulator.item_bank.difficulty[self.simulator.administered_items[index]]
        success = np.array(self.simulator.response_vectors[index], dtype=np.float64)
        ability = 0.0
        for _step in range(N_STEPS):
            p = 1.0 / (1.0 + np.exp(hard - ability))
            ability += (np.sum(success - p) - ability) / (np.sum(p * (1.0 - p)) + 1.0)
        return float(ability)


class PriorStopper(BaseStopper):
    """Stops at a posterior standard error, or with the bank."""

    def __init__(self, goal: float, most: int) -> None:
        super().__init__()
        self.goal, self.most = goal, most

    def stop(self, index: int | None = None, **_: Any) -> bool:
        """Tell whether examinee `index` has been asked enough."""
        assert index is not None
        asked = self.simulator.administered_items[index]
        if len(asked) >= self.most:
            return True
        items = self.simulator.item_bank.get_items(asked)
        ability = self.simulator.estimations[index][-1]
        told = test_info(ability, items) if asked else 0.0
        return bool(1.0 / np.sqrt(told + 1.0) < self.goal)


def run(
    difficulty: NDArray[np.float64], ability: NDArray[np.float64], goal: float, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Return questions asked and estimates, (n_examinees,), as catsim comes and with a prior."""
    items = np.column_stack(
        [
            np.ones_like(difficulty),
            difficulty,
            np.zeros_like(difficulty),
            np.ones_like(difficulty),
        ]
    )
    most = len(difficulty)
    ways = {
        "plain": (NumericalSearchEstimator(), MinErrorStopper(goal, max_items=most)),
        "prior": (PriorEstimator(), PriorStopper(goal, most)),
    }
    found = {}
    for name, (estimator, stopper) in ways.items():
        simulator = Simulator(
            ItemBank(items),
            ability,
            FixedPointInitializer(0.0),
            MaxInfoSelector(),
            estimator,
            stopper,
            seed=seed,
        )
        simulator.simulate()
        asked = simulator.administered_items
        error = [
            (test_info(level, items[rows]) + float(name == "prior")) ** -0.5
            for level, rows in zip(simulator.latest_estimations, asked, strict=True)
        ]
        found[f"{name}_n_asked"] = np.array([len(rows) for rows in asked], dtype=np.float64)
        found[f"{name}_estimate"] = np.array(simulator.latest_estimations)
        found[f"{name}_error"] = np.array(error)
    return found


def main() -> None:
    """Answer every `task*.npz` of the folder with a `catsim*.npz`."""
    folder = Path(sys.argv[1])
    for path in sorted(folder.glob("task*.npz")):
        with np.load(path, allow_pickle=False) as task:
            found = run(task["difficulty"], task["ability"], float(task["goal"]), int(task["seed"]))
        np.savez(folder / path.name.replace("task", "catsim"), **found)


if __name__ == "__main__":
    main()
