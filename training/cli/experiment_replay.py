"""`waymark experiment replay`: what another policy or snapshot would have earned on the log."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pydantic import ValidationError

from features.domain.catalogue import DEFAULT_POLICY, Policy
from features.domain.errors import InvalidValueError
from features.policy_form import PolicyForm
from features.settings import Settings, read_settings
from features.store.documents import to_document
from features.store.registry import Registry
from features.store.workspace import Repositories
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
from training.readings.deciding_again import Again, scorer_of
from training.readings.replaying import OtherPolicy, Replayed, Reward, Rival, replay_log
from training.readings.words import number, signed

COLUMNS = ("estimator", "value", "95 %", "gain", "95 %", "chosen")


def replay_answers(
    policy: Annotated[
        str | None,
        typer.Option(help="A stored policy's id, or a JSON file as `PUT /v1/policies` takes."),
    ] = None,
    snapshot: Annotated[
        str | None,
        typer.Option(help="A version or alias: every answer is decided again with it."),
    ] = None,
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
    """Estimate what another policy or snapshot would have earned on the logged answers."""
    if policy is None and snapshot is None:
        raise typer.BadParameter("name a --policy, a --snapshot or both")
    with named_failures():
        settings = read_settings()
        with (
            workspace_of(settings) as workspace,
            workspace.reading() as repositories,
            err.status("reading the log …"),
        ):
            other = None if policy is None else _policy(repositories, policy)
            rival = _rival(repositories, settings, other, snapshot)
            replayed = replay_log(repositories, rival, metric, window_days, most)
        with err.status("estimating …"):
            found = replay(replayed.logged, np.random.default_rng(seed))
    if json_output:
        print_json(
            {
                "policy_id": None if other is None else other.policy_id,
                "snapshot": snapshot,
                "metric": metric.value,
                "n_read": replayed.n_read,
                "n_without_choice": replayed.n_without_choice,
                **to_document(found),
            }
        )
    else:
        names = [None if other is None else other.policy_id, snapshot]
        named = " with snapshot ".join(name for name in names if name is not None)
        _print(named, metric, replayed, found)


def _rival(
    repositories: Repositories, settings: Settings, policy: Policy | None, snapshot: str | None
) -> Rival:
    if snapshot is None:
        return OtherPolicy(policy=policy or Policy())
    registry = Registry(settings.tracking_uri, settings.model_name)
    return Again(repositories, scorer_of(repositories, registry, snapshot), policy)


def _policy(repositories: Repositories, named: str) -> Policy:
    path = Path(named)
    return read_policy(path) if path.is_file() else repositories.catalogue.get_policy(named)


def read_policy(path: Path) -> Policy:
    """Read a policy from a JSON file.

    Raises
    ------
    InvalidValueError
        If it is no JSON, has unknown or malformed fields or values out of range, or its weights do
        not sum to 1.
    """
    try:
        form = PolicyForm.model_validate_json(path.read_bytes())
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise InvalidValueError(f"--policy {path}: {faults}") from error
    return form.to_domain(form.policy_id or DEFAULT_POLICY)


def _print(named: str, metric: Reward, replayed: Replayed, found: Replay) -> None:
    support = found.support
    out.print(
        f"{replayed.n_read:,} recommendations, {replayed.n_without_choice:,} of them without a "
        f"choice; the others, of {support.n_learners:,} learners, are worth "
        f"{support.effective_n:,.0f} of those {named} would lead. Mean weight "
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
