"""Experiments: defined, started, changed in what may change, and stopped. Every act is audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from starlette.concurrency import run_in_threadpool

from features.domain.experiment import Experiment
from features.experiment_form import ExperimentForm
from features.experiments import (
    define,
    note_act,
    require_started,
    start,
    stop,
    write_experiment,
)
from features.store.revisions import EXPERIMENTS
from features.store.workspace import Repositories
from service.auth import Experimenter, ExperimentReader
from service.readings import Program
from service.routes.paths import After, Limit, PathId, page_of, require_same_ids
from service.schemas.experiments import ExperimentDetailView, ExperimentView
from service.schemas.pages import Page
from service.schemas.results import ResultsView
from service.state import CurrentService, Now, Service

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])

MARKDOWN = "text/markdown"
Form = Annotated[
    Literal["json", "markdown"] | None,
    Query(description="By default what `Accept` asks for: JSON, or text/markdown."),
]
Accept = Annotated[str, Header(include_in_schema=False)]


@router.put("/{experiment_id}", response_model=ExperimentDetailView)
def put_experiment(
    experiment_id: PathId,
    body: ExperimentForm,
    caller: Experimenter,
    service: CurrentService,
    now: Now,
) -> Mapping[str, Any]:
    """Define an experiment, or change one.

    Once it has started only `coverage` and weights may change: raising the coverage moves nobody,
    and new weights open a phase of their own, in which learners enrolled before keep their variant.
    """
    require_same_ids({"experiment_id": body.experiment_id}, {"experiment_id": experiment_id})
    wanted = body.to_domain(experiment_id)
    snapshots = service.shelf.known
    with service.database.transaction() as repositories:
        experiment = define(repositories, wanted, snapshots, now)
        note_act(repositories, "experiment.put", experiment, caller.key_id, now)
        return _detail(repositories, experiment, now)


@router.get("", response_model=Page[ExperimentView])
def list_experiments(
    _caller: ExperimentReader,
    service: CurrentService,
    now: Now,
    limit: Limit = 100,
    after: After = None,
) -> Mapping[str, object]:
    """List experiments in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.experiments.list(after, limit + 1)
    page = page_of(rows, limit, "experiment_id")
    return {**page, "items": [write_experiment(each, now) for each in rows[:limit]]}


@router.get("/{experiment_id}", response_model=ExperimentDetailView)
def get_experiment(
    experiment_id: PathId, _caller: ExperimentReader, service: CurrentService, now: Now
) -> Mapping[str, Any]:
    """Return an experiment and how many learners each variant has."""
    with service.database.reading() as repositories:
        return _detail(repositories, repositories.experiments.get(experiment_id), now)


@router.post("/{experiment_id}/start", response_model=ExperimentDetailView)
def start_experiment(
    experiment_id: PathId, caller: Experimenter, service: CurrentService, now: Now
) -> Mapping[str, Any]:
    """Start an experiment; what its variants name is pinned, and the next request is part of it.

    Refused where it would share a component of learners with another experiment under way.
    """
    snapshots = service.shelf.known
    with service.database.transaction() as repositories:
        experiment = start(repositories, experiment_id, snapshots, now)
        note_act(repositories, "experiment.start", experiment, caller.key_id, now)
        return _detail(repositories, experiment, now)


@router.post("/{experiment_id}/stop", response_model=ExperimentDetailView)
def stop_experiment(
    experiment_id: PathId, caller: Experimenter, service: CurrentService, now: Now
) -> Mapping[str, Any]:
    """Stop an experiment for good; from the next request on everybody is served by default."""
    with service.database.transaction() as repositories:
        experiment = stop(repositories, experiment_id, now)
        note_act(repositories, "experiment.stop", experiment, caller.key_id, now)
        return _detail(repositories, experiment, now)


@router.get(
    "/{experiment_id}/results",
    response_class=Response,
    responses={
        200: {"model": ResultsView, "content": {MARKDOWN: {"schema": {"type": "string"}}}},
        409: {"description": "It has not started: there is nothing to read yet."},
        503: {"description": "The database does not answer, or reading takes too long."},
    },
)
async def read_results(
    experiment_id: PathId,
    _caller: ExperimentReader,
    service: CurrentService,
    now: Now,
    format: Form = None,  # noqa: A002 - the name on the wire
    accept: Accept = "",
) -> Response:
    """Read what an experiment has led to so far, and what to do.

    Where nothing can be told yet the answer says so and why. It may be a minute old unless
    something of the experiment or of its learners has changed since.
    """
    mark = await run_in_threadpool(_mark, service, experiment_id)
    program = Program(
        module="training.readings",
        words=(experiment_id,),
        gives=f"the results of {experiment_id!r}",
        command="waymark experiment results",
    )
    reading = await service.readings.read(program, mark, now)
    if format == "markdown" or (format is None and accept.startswith(MARKDOWN)):
        return Response(reading.markdown, media_type=MARKDOWN)
    return Response(reading.document, media_type="application/json")


def _mark(service: Service, experiment_id: str) -> tuple[int, ...]:
    """Return numbers that are others whenever results of an experiment could be."""
    with service.database.reading() as repositories:
        require_started(repositories, experiment_id)
        revision = repositories.revisions.get(EXPERIMENTS)
        return (revision, *repositories.observations.mark(experiment_id))


def _detail(repositories: Repositories, experiment: Experiment, now: datetime) -> Mapping[str, Any]:
    experiment_id = experiment.experiment_id
    enrolled = repositories.experiments.n_enrolled([experiment_id])[experiment_id]
    known = {each.variant_id: enrolled.get(each.variant_id, 0) for each in experiment.variants}
    return {**write_experiment(experiment, now), "enrolled": known}
