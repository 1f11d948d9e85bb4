"""`waymark experiment replay`: what another policy would have earned on the log."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pydantic import TypeAdapter, ValidationError

from features.domain.catalogue import TERMS, Policy
from features.domain.errors import InvalidValueError
from features.settings import read_settings
from features.store.documents import to_document
from features.store.workspace import Workspace
from training.cli.console import (
    JsonFlag,
    SeedOption,
    err,
    named_failures,
    out,
    print_json,
    table_of,
    workspace_of,
)
from training.experiments.off_policy import Replay, replay
from training.readings.replaying import Replayed, Reward, replay_policy
from training.readings.words import number, signed

COLUMNS = ("estimator", "value", "95 %", "gain", "95 %", "chosen")
WEIGHTS_TOLERANCE = 1e-6


def replay_log(
    policy: Annotated[
        str, typer.Option(help="A stored policy's id, or a JSON file as `PUT /v1/policies` takes.")
    ],
    metric: Annotated[Reward, typer.Option(help="What counts.")] = Reward.FOLLOW_RATE,
    window_days: Annotated[
        float, typer.Option(help="How long after an answer things count.", min=0.01)
    ] = 14.0,
    most: Annotated[
        int, typer.Option(help="At most so many recommendations, the first.", min=1)
    ] = 50_000,
    seed: SeedOption = 0,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Estimate what another policy would have earned on the recommendations that were logged."""
    with named_failures():
        with workspace_of(read_settings()) as workspace, err.status("reading the log …"):
            other = _policy(workspace, policy)
            replayed = replay_policy(workspace, other, metric, window_days, most)
        with err.status("estimating …"):
            found = replay(replayed.logged, np.random.default_rng(seed))
    if json_output:
        print_json(
            {
                "policy_id": other.policy_id,
                "metric": metric.value,
                "n_read": replayed.n_read,
                "n_without_choice": replayed.n_without_choice,
                **to_document(found),
            }
        )
    else:
        _print(other, metric, replayed, found)


def _policy(workspace: Workspace, named: str) -> Policy:
    path = Path(named)
    if path.is_file():
        return read_policy(path)
    with workspace.reading() as repositories:
        return repositories.catalogue.get_policy(named)


def read_policy(path: Path) -> Policy:
    """Read a policy from a JSON file.

    Raises
    ------
    InvalidValueError
        If it is no JSON, has unknown or malformed fields, or its weights do not sum to 1.
    """
    try:
        policy = TypeAdapter(Policy).validate_json(path.read_bytes())
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise InvalidValueError(f"--policy {path}: {faults}") from error
    total = sum(policy.weights.values())
    unknown = sorted(set(policy.weights) - set(TERMS))
    if unknown or abs(total - 1.0) > WEIGHTS_TOLERANCE or min(policy.weights.values()) < 0.0:
        raise InvalidValueError(
            f"--policy {path}: weights must be ≥ 0, of {', '.join(TERMS)}, and sum to 1"
        )
    return policy


def _print(policy: Policy, metric: Reward, replayed: Replayed, found: Replay) -> None:
    support = found.support
    out.print(
        f"{replayed.n_read:,} recommendations, {replayed.n_without_choice:,} of them without a "
        f"choice; the others, of {support.n_learners:,} learners, are worth "
        f"{support.effective_n:,.0f} of {policy.policy_id}'s own. Mean weight "
        f"{support.mean_weight:.3f}, largest {support.largest_weight:.1f}, overlap "
        f"{support.overlap:.0%}.",
        soft_wrap=True,
    )
    rows: list[tuple[str, ...]] = [
        (
            name,
            number(one.value),
            f"{number(one.low)} … {number(one.high)}",
            signed(one.gain),
            f"{signed(one.gain_low)} … {signed(one.gain_high)}",
            "" if one.parameter is None else f"{one.parameter:g}",
        )
        for name, one in found.values.items()
    ]
    title = f"{metric.value} a recommendation; the log earned {number(found.logged_value)}"
    out.print(table_of(title, COLUMNS, rows))
