"""The model registry: snapshots by version, reached under the aliases champion and challenger.

MLflow takes seconds to import, so it is imported inside the functions that need it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import copy2, copytree, rmtree
from tempfile import TemporaryDirectory
from typing import Any

from features.domain.errors import NotFoundError, RegistryError

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
# Tags of a version: when it last became champion, and when somebody's word made it so.
PROMOTED_AT = "promoted_at"
FORCED_AT = "forced_at"
ROLLED_BACK_AT = "rolled_back_at"
# Which promotion of it a replica refused for golden learners, by its instant, and why.
REFUSED_PROMOTION = "refused_promotion"
REFUSED_BECAUSE = "refused_because"
BY_HAND = "by hand"
LONGEST_TAG = 4_000  # the registry keeps 5,000 characters
SNAPSHOT_ARTIFACT = "snapshot"
EXPERIMENT = "waymark"


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered snapshot."""

    version: str
    run_id: str
    tags: Mapping[str, str]

    @property
    def is_vouched_for(self) -> bool:
        """Whether it last became champion by a rollback, or because somebody forced it."""
        words = {self.tags.get(FORCED_AT), self.tags.get(ROLLED_BACK_AT)} - {None}
        return self.tags.get(PROMOTED_AT) in words

    @property
    def promotion(self) -> str:
        """When it last became champion; `BY_HAND` where nobody said so."""
        return self.tags.get(PROMOTED_AT, BY_HAND)

    @property
    def is_refused(self) -> bool:
        """Whether a replica refused it when it last became champion, and nobody vouches for it."""
        return self.tags.get(REFUSED_PROMOTION) == self.promotion and not self.is_vouched_for


class Registry:
    """One registered model of one MLflow tracking store."""

    def __init__(self, tracking_uri: str, model_name: str) -> None:
        self.tracking_uri = tracking_uri
        self.model_name = model_name

    @cached_property
    def client(self) -> Any:
        """An MLflow client of the tracking store, made on first use."""
        # MLflow's own defaults keep trying a server that is not there for many minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        from mlflow import MlflowClient  # noqa: PLC0415 - seconds of import, see above

        prepare_sqlite_folder(self.tracking_uri)
        with _named_failures(self.tracking_uri):
            return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def experiment_id(self) -> str:
        """Return the MLflow experiment that holds the runs; made on first use.

        Its artifacts go to `artifacts/` beside a sqlite tracking database.
        """
        with _named_failures(self.tracking_uri):
            found = self.client.get_experiment_by_name(EXPERIMENT)
            if found is not None:
                return str(found.experiment_id)
            location = artifact_location(self.tracking_uri)
            return str(self.client.create_experiment(EXPERIMENT, artifact_location=location))

    def register(self, run_id: str, folder: Path, tags: Mapping[str, str]) -> str:
        """Log a snapshot folder to a run, register it and return the new version.

        Parameters
        ----------
        run_id
            An MLflow run of this tracking store.
        folder
            As `features.store.snapshots.write_snapshot` left it.
        tags
            Kept with the version.
        """
        with _named_failures(self.tracking_uri):
            self.client.log_artifacts(run_id, str(folder), SNAPSHOT_ARTIFACT)
            if self._find("get_registered_model") is None:
                self.client.create_registered_model(self.model_name)
            source = f"{self.client.get_run(run_id).info.artifact_uri}/{SNAPSHOT_ARTIFACT}"
            made = self.client.create_model_version(
                self.model_name, source=source, run_id=run_id, tags=dict(tags)
            )
            return str(made.version)

    def version_of(self, alias: str) -> str | None:
        """Return the version an alias points to, or None where it is not set."""
        found = self._find("get_model_version_by_alias", alias)
        return None if found is None else str(found.version)

    def version(self, version: str) -> Version:
        """Return what is known of one version.

        Raises
        ------
        NotFoundError
            If the model has no such version.
        """
        found = self._find("get_model_version", version)
        if found is None:
            raise NotFoundError(
                f"model {self.model_name!r} has no version {version}. "
                "`waymark train` registers one and prints it."
            )
        return Version(version=str(found.version), run_id=found.run_id, tags=dict(found.tags))

    def names(self) -> Mapping[str, str]:
        """Return the version that each alias, and each version, stands for."""
        model = self._find("get_registered_model")
        if model is None:
            return {}
        with _named_failures(self.tracking_uri):
            found = self.client.search_model_versions(f"name = '{self.model_name}'")
        versions = {str(each.version): str(each.version) for each in found}
        return versions | {alias: str(version) for alias, version in model.aliases.items()}

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias to a version."""
        with _named_failures(self.tracking_uri):
            self.client.set_registered_model_alias(self.model_name, alias, version)

    def tag(self, version: str, key: str, value: str) -> None:
        """Set a tag of a version."""
        with _named_failures(self.tracking_uri):
            self.client.set_model_version_tag(self.model_name, version, key, value)

    def describe(self, version: str, text: str) -> None:
        """Set the Markdown that MLflow shows of a version; at most 5,000 characters."""
        with _named_failures(self.tracking_uri):
            self.client.update_model_version(self.model_name, version, description=text)

    def fetch(self, version: str, into: Path) -> Path:
        """Copy a version's snapshot into the folder `into` and return it.

        Parameters
        ----------
        version
            As `version_of` returns it.
        into
            Made new; appears only once it is complete.
        """
        into.parent.mkdir(parents=True, exist_ok=True)
        with _named_failures(self.tracking_uri), TemporaryDirectory(dir=into.parent) as scratch:
            source = self.client.get_model_version_download_uri(self.model_name, version)
            whole = Path(scratch) / "whole"
            copytree(self._download(source, scratch), whole)
            if into.exists():
                rmtree(into)
            whole.rename(into)
        return into

    def fetch_file(self, run_id: str, name: str, into: Path) -> Path:
        """Copy a file kept with a run into the folder `into` and return it."""
        with _named_failures(self.tracking_uri):
            source = f"{self.client.get_run(run_id).info.artifact_uri}/{name}"
            found = self._download(source, str(into))
            return Path(copy2(found, into)) if found.parent != into else found

    def _download(self, source: str, scratch: str) -> Path:
        """Return where a source lies: in place for local stores, else copied to `scratch`."""
        from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - seconds of import

        return Path(
            download_artifacts(
                artifact_uri=source, dst_path=scratch, tracking_uri=self.tracking_uri
            )
        )

    def _find(self, call: str, *names: str) -> Any:
        """Ask the client for something of this model; None where it does not exist."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - seconds of import

        with _named_failures(self.tracking_uri):
            try:
                return getattr(self.client, call)(self.model_name, *names)
            except MlflowException as error:
                # A missing alias is called a bad parameter; the rest is called not existing.
                if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                    return None
                raise


def prepare_sqlite_folder(tracking_uri: str) -> None:
    """Make the folder a sqlite tracking database lives in; other stores need nothing."""
    database = sqlite_path(tracking_uri)
    if database is not None:
        try:
            database.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RegistryError(
                f"the folder of the tracking database {database} cannot be made: {error}. "
                "Set WAYMARK_TRACKING_URI to a place that can be written."
            ) from error


def sqlite_path(tracking_uri: str) -> Path | None:
    """Return the database file of a sqlite URI, None for other stores."""
    prefix = "sqlite:///"
    return Path(tracking_uri.removeprefix(prefix)) if tracking_uri.startswith(prefix) else None


def artifact_location(tracking_uri: str) -> str | None:
    """Return `artifacts/` beside a sqlite tracking database; None leaves it to the server."""
    database = sqlite_path(tracking_uri)
    return None if database is None else (database.parent / "artifacts").resolve().as_uri()


@contextmanager
def _named_failures(tracking_uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - seconds of import
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - used by sqlite stores only

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:  # of requests too: an OSError
        where = tracking_uri.rsplit("@", maxsplit=1)[-1]
        raise RegistryError(
            f"the model registry at {where} does not answer: {str(error).splitlines()[0]}. "
            "Check WAYMARK_TRACKING_URI and that the store is up."
        ) from error
