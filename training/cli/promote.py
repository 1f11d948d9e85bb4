"""`waymark promote` and `waymark rollback`."""

import getpass
import os
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from features.domain.errors import StoreUnavailableError
from features.settings import Settings, read_settings
from features.store.registry import Registry, sqlite_path
from training.cli.console import (
    JsonFlag,
    err,
    named_failures,
    now,
    out,
    print_json,
    table_of,
    workspace_of,
)
from training.cli.golden import jury_of
from training.gate import Check
from training.promotion import Force, Promotion
from training.promotion import promote as promote_version
from training.promotion import rollback as roll_back

LONGEST_REASON = 1_000


def promote(
    version: Annotated[
        str | None, typer.Argument(help="A version of the model; the challenger otherwise.")
    ] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Promote in spite of failed checks; needs --reason."),
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="Why it is forced; kept with the version, and audited.")
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Put a version to the gate and, if it passes, make it the champion."""
    word = _force(reason) if force else None
    if reason is not None and not force:
        raise typer.BadParameter("goes with --force only", param_hint="--reason")
    with named_failures(), err.status("judging …"):
        settings, at = read_settings(), now()
        promotion = promote_version(_registry(settings), version, at, word, jury_of(settings, at))
        audited = promotion.force is not None and _audit(settings, promotion, at)
    if json_output:
        print_json(_document(promotion))
        return
    _print(promotion)
    if audited:
        out.print("The audit trail of the database has it too.")


def rollback(*, json_output: JsonFlag = False) -> None:
    """Make the champion before this one the champion again."""
    with named_failures(), err.status("going back …"):
        promotion = roll_back(_registry(read_settings()), now())
    if json_output:
        print_json(_document(promotion))
    else:
        out.print(
            f"Version {promotion.version} is the champion again, instead of {promotion.previous}."
        )


def _print(promotion: Promotion) -> None:
    if not promotion.checks:
        out.print(f"Version {promotion.version} is the champion already.")
        return
    out.print(table_of("The gate", _COLUMNS, [_row(check) for check in promotion.checks]))
    if promotion.beside is not None:
        out.print(_BASIS[promotion.beside], soft_wrap=True)
    before = f", after version {promotion.previous}" if promotion.previous else ""
    out.print(f"Version {promotion.version} is the champion{before}.")
    if promotion.force is not None:
        out.print(
            f"Forced by {promotion.force.by}: {promotion.force.reason}",
            markup=False,
            soft_wrap=True,
        )
        out.print("It was promoted against", markup=False)
        for fault in promotion.faults:
            out.print(f"  {fault}", markup=False, highlight=False, soft_wrap=True)


_BASIS = {
    True: "The champion was asked the same on the same learners, with the data of this training.",
    False: "This version was trained beside another champion: what this champion did at its own "
    "training counts, for learners whose history is the same since.",
}
_MEASURES = {
    "ndcg_at_10": "NDCG@10",
    "log_loss": "log loss",
    "ece": "ECE",
    "gap_closed": "gap closed",
}
_COLUMNS = ("measure", "against", "where", "learners", "better by", "p if no worse", "")


def _row(check: Check) -> tuple[str, ...]:
    return (
        _MEASURES[check.measure],
        check.rival,
        check.where,
        f"{check.n_learners:,}",
        f"{check.difference:+.4f}",
        f"{check.p_worse:.3f}",
        "passed" if check.passed else "failed",
    )


def _document(promotion: Promotion) -> dict[str, object]:
    return {
        "version": promotion.version,
        "previous": promotion.previous,
        "checks": [asdict(check) for check in promotion.checks],
        "schema_losses": list(promotion.losses),
        "golden_losses": list(promotion.wishes),
        "champion_judged_beside": promotion.beside,
        "forced": None if promotion.force is None else asdict(promotion.force),
    }


def _force(reason: str | None) -> Force:
    if reason is None or not reason.strip():
        raise typer.BadParameter(
            "needs --reason TEXT: it is recorded with the version", param_hint="--force"
        )
    if len(reason) > LONGEST_REASON:
        raise typer.BadParameter(
            f"has {len(reason):,} characters, {LONGEST_REASON:,} are kept", param_hint="--reason"
        )
    return Force(reason=reason.strip(), by=_who())


def _who() -> str:
    """Return the name of the operating system's user, or their number where there is no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _audit(settings: Settings, promotion: Promotion, at: datetime) -> bool:
    """Append a forced promotion to the database's trail, where there is a database."""
    database = sqlite_path(settings.database_url)
    if promotion.force is None or (database is not None and not database.exists()):
        return False
    detail = {
        "model": settings.model_name,
        "version": promotion.version,
        "previous": promotion.previous,
        "reason": promotion.force.reason,
        "against": list(promotion.faults),
    }
    try:
        with workspace_of(settings) as workspace, workspace.transaction() as repositories:
            repositories.audit.add(
                at=at, actor=promotion.force.by, action="promotion.forced", detail=detail
            )
    except StoreUnavailableError as error:
        err.print(f"Not in the audit trail, only in the registry: {error.detail}", markup=False)
        return False
    return True


def _registry(settings: Settings) -> Registry:
    return Registry(settings.tracking_uri, settings.model_name)
