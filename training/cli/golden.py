"""`waymark golden`: what the champion, and a version, answer golden learners."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from features.decide.golden import (
    Finding,
    GoldenLearner,
    ask_golden,
    index_for_golden,
    n_met,
    worse_findings,
)
from features.domain.errors import InvalidValueError, NotFoundError
from features.encode.catalogue import CatalogueIndex
from features.golden_form import SETTING, read_golden, require_usable
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from features.settings import Settings, read_settings
from features.store.registry import CHAMPION, Registry
from features.store.snapshots import read_snapshot
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


def golden(
    version: Annotated[
        str | None, typer.Option(help="A version of the model, beside the champion.")
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Tell which expectations of golden learners are met; exit 1 where fewer than the champion."""
    with named_failures(), err.status("asking …"):
        findings = _findings(read_settings(), version, now())
    if json_output:
        print_json(_document(findings))
    else:
        _print(findings)
    if _is_worse(findings):
        raise typer.Exit(1)


def _findings(
    settings: Settings, version: str | None, at: datetime
) -> Mapping[str, Sequence[Finding]]:
    """Ask the champion, then the version, and return what they answer by version."""
    if settings.golden_learners is None:
        raise InvalidValueError(f"{SETTING} names no file of golden learners")
    learners, index = _read(settings.golden_learners, settings, at)
    registry = Registry(settings.tracking_uri, settings.model_name)
    asked = dict.fromkeys(each for each in (registry.version_of(CHAMPION), version) if each)
    if not asked:
        raise NotFoundError("there is no champion: name a version with --version")
    return {each: _ask(registry, each, learners, index, at) for each in asked}


def jury_of(settings: Settings, at: datetime) -> Callable[[Snapshot, Snapshot], list[str]] | None:
    """Return who is asked about a promotion at an instant (aware UTC), None without a file."""
    path = settings.golden_learners
    if path is None:
        return None

    def judge(candidate: Snapshot, served: Snapshot) -> list[str]:
        learners, index = _read(path, settings, at)
        own, theirs = (ask_golden(learners, bind(index, each), at) for each in (candidate, served))
        return [f"golden learner {each}" for each in worse_findings(own, theirs)]

    return judge


def _read(
    path: Path, settings: Settings, at: datetime
) -> tuple[Sequence[GoldenLearner], CatalogueIndex]:
    """Read golden learners and the catalogue that they are asked about."""
    learners = read_golden(path, at)
    with workspace_of(settings) as workspace, workspace.reading() as repositories:
        catalogue = repositories.catalogue.load()
    require_usable(path, learners, catalogue)
    return learners, index_for_golden(catalogue)


def _ask(
    registry: Registry,
    version: str,
    learners: Sequence[GoldenLearner],
    index: CatalogueIndex,
    at: datetime,
) -> Sequence[Finding]:
    registry.version(version)
    with TemporaryDirectory() as scratch:
        snapshot = read_snapshot(registry.fetch(version, Path(scratch) / version), version)
    return ask_golden(learners, bind(index, snapshot), at)


def _is_worse(findings: Mapping[str, Sequence[Finding]]) -> bool:
    champion, *others = findings.values()
    return any(worse_findings(each, champion) for each in others)


def _print(findings: Mapping[str, Sequence[Finding]]) -> None:
    columns = ("learner", "is to get", *(f"version {version}" for version in findings))
    rows = [
        (
            together[0].name,
            together[0].wish,
            *("met" if each.is_met else f"gets {_first(each)}" for each in together),
        )
        for together in zip(*findings.values(), strict=True)
    ]
    out.print(table_of("Golden learners", columns, rows))
    for version, own in findings.items():
        out.print(f"Version {version} meets {n_met(own)} of {len(own)}.")
    if _is_worse(findings):
        out.print("Where the first serves, the second would be refused.")


def _first(finding: Finding) -> str:
    return ", ".join(finding.first) or "nothing"


def _document(findings: Mapping[str, Sequence[Finding]]) -> dict[str, Any]:
    return {
        "refused": _is_worse(findings),
        "versions": {
            version: [
                {
                    "learner": each.name,
                    "any_of": list(each.expectation.any_of),
                    "none_of": list(each.expectation.none_of),
                    "within": each.expectation.within,
                    "met": each.is_met,
                    "first": list(each.first),
                }
                for each in own
            ]
            for version, own in findings.items()
        },
    }
