"""The scorer as an MLflow model, for `mlflow models serve`: what decides, and nothing around it.

`serving.py` saves it (a model from code, so nothing is pickled) and sends it learner ids. It reads
histories from the same database and decides as the service does; it asks for no key, gives no
reasons on the wire and records nothing.
"""

from datetime import UTC, datetime
from pathlib import Path

import mlflow
import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from features.decide.decide import decide
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import index_catalogue
from features.score.scorer import bind
from features.store.snapshots import read_snapshot
from features.store.workspace import Workspace


class Scorer(PythonModel):  # type: ignore[misc]
    """Names the modules that are next for each learner."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the database and bind the snapshot to its catalogue."""
        self._workspace = Workspace.open(context.model_config["database_url"])
        with self._workspace.reading() as repositories:
            index = index_catalogue(repositories.catalogue.load())
        self._scorer = bind(index, read_snapshot(Path(context.artifacts["snapshot"])))

    def predict(self, context, model_input):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002 - MLflow reads hints
        """Return ids of modules, best first, joined by spaces, for each row's `learner_id`."""
        answers = []
        for learner_id in model_input["learner_id"]:
            with self._workspace.reading() as repositories:
                history = repositories.learners.history(learner_id)
            request = DecisionRequest(
                history=history,
                context=RequestContext(limit=3, available_minutes=30.0),
                now=datetime.now(UTC),
            )
            decision = decide(request, self._scorer, None, np.random.default_rng())
            answers.append(" ".join(item.module_id for item in decision.items))
        return answers


def save(folder: Path, snapshot: Path, database_url: str) -> None:
    """Save the model in a new folder."""
    mlflow.pyfunc.save_model(
        folder,
        python_model=__file__,
        artifacts={"snapshot": str(snapshot)},
        model_config={"database_url": database_url},
        pip_requirements=[],
    )


set_model(Scorer())
