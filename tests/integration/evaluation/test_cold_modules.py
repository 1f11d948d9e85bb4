"""Modules nobody had met in training are asked about as the service would rank them."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.score.scorer import bind
from training.evaluation.protocols import Protocol, hold_out
from training.evaluation.ranking import BoundRanking, ask
from training.histories.data import read_folder_data
from training.model_settings import ModelSettings
from training.models import RANKING, Models, Task, fit_models, judge_models
from training.ranking.components import Settings
from training.ranking.fit import BLEND
from training.ranking.network import NetworkSettings
from training.train import build_snapshot

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=60)
N_LEARNERS, N_SKILLS, N_OLD = 240, 30, 5
NEW = N_OLD


def id_of(skill: int, place: int) -> str:
    """Name a module so that its id, which is its title too, says nothing."""
    return f"m{10 * skill + place}"


def judged_task(folder: Path, *, described: bool) -> tuple[Task, Models]:
    """Let everyone take the old modules of one skill and, after the cutoff, its new one."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    with (folder / "interactions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("learner_id", "module_id", "event", "at"))
        for learner in range(N_LEARNERS):
            skill = learner % N_SKILLS
            for place, old in enumerate(rng.permutation(N_OLD).tolist()):
                at = START + timedelta(days=10 * place)
                writer.writerow((f"u{learner}", id_of(skill, old), "passed", at.isoformat()))
            at = CUTOFF + timedelta(days=1)
            writer.writerow((f"u{learner}", id_of(skill, NEW), "passed", at.isoformat()))
    if described:
        with (folder / "module_skills.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("module_id", "skill_id"))
            for skill in range(N_SKILLS):
                for place in (*range(N_OLD), NEW):
                    writer.writerow((id_of(skill, place), f"s{skill}"))
    data = read_folder_data(folder, now=NOW)
    holdout = hold_out(data, Protocol.TIME, np.random.default_rng(0), CUTOFF)
    small = Settings(network=NetworkSettings(n_hidden=4, n_networks=1, n_epochs=1))
    task = Task(
        data=data,
        holdout=holdout,
        seed=0,
        parts=frozenset({RANKING}),
        settings=ModelSettings(ranking=small),
    )
    return task, fit_models(task)


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    return judged_task(tmp_path_factory.mktemp("cold") / "described", described=True)


def test_content_places_them_in_the_blend_and_in_no_baseline(described):
    task, models = described
    ranked = judge_models(models, task).ranked
    assert len(ranked[BLEND].rank) == N_LEARNERS
    assert ranked[BLEND].rank.max() <= 10
    for name in set(ranked) - {BLEND}:
        assert ranked[name].rank.min() > 10, name


def test_the_evaluation_asks_what_the_service_would_answer(described):
    task, models = described
    judged = judge_models(models, task).ranked[BLEND]
    chosen = models.ranking.models[BLEND]
    forced = Models(
        index=models.index,
        ranking=type(models.ranking)(
            models={BLEND: chosen}, chosen=BLEND, validation={}, settings=models.ranking.settings
        ),
        success=None,
    )
    scorer = bind(models.index, build_snapshot(task, forced, {}, NOW))
    served = ask(BoundRanking(affinity=scorer.affinity), task.holdout.question)
    assert judged.rank.tolist() == served.rank.tolist()
    assert judged.top.tolist() == served.top.tolist()


def test_without_descriptions_they_stay_behind(tmp_path):
    task, models = judged_task(tmp_path / "bare", described=False)
    own = ask(models.ranking.models[BLEND], task.holdout.question)
    judged = judge_models(models, task).ranked[BLEND]
    assert judged.rank.tolist() == own.rank.tolist()
    assert judged.rank.min() > 10
