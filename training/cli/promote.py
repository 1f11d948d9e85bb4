"""`waymark promote` and `waymark rollback`."""

from dataclasses import asdict
from typing import Annotated

import typer

from features.settings import read_settings
from features.store.registry import Registry
from training.cli.console import JsonFlag, err, named_failures, now, out, print_json, table_of
from training.gate import Check
from training.promotion import Promotion
from training.promotion import promote as promote_version
from training.promotion import rollback as roll_back


def promote(
    version: Annotated[
        str | None, typer.Argument(help="A version of the model; the challenger otherwise.")
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Put a version to the gate and, if it passes, make it the champion."""
    with named_failures(), err.status("judging …"):
        promotion = promote_version(_registry(), version, now())
    if json_output:
        print_json(_document(promotion))
        return
    if not promotion.checks:
        out.print(f"Version {promotion.version} is the champion already.")
        return
    out.print(table_of("The gate", _COLUMNS, [_row(check) for check in promotion.checks]))
    before = f", after version {promotion.previous}" if promotion.previous else ""
    out.print(f"Version {promotion.version} is the champion{before}.")


def rollback(*, json_output: JsonFlag = False) -> None:
    """Make the champion before this one the champion again."""
    with named_failures(), err.status("going back …"):
        promotion = roll_back(_registry(), now())
    if json_output:
        print_json(_document(promotion))
    else:
        out.print(
            f"Version {promotion.version} is the champion again, instead of {promotion.previous}."
        )


_MEASURES = {"ndcg_at_10": "NDCG@10", "log_loss": "log loss", "ece": "ECE"}
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
    }


def _registry() -> Registry:
    settings = read_settings()
    return Registry(settings.tracking_uri, settings.model_name)
