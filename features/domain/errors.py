"""Named failures. Each has a stable code, an HTTP status and a text that says what to do."""

from collections.abc import Mapping
from typing import ClassVar


class WaymarkError(Exception):
    """A failure that a caller can act on; `code` is stable, `status` is its HTTP answer."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidValueError(WaymarkError):
    """A value outside its range or form; the detail names the field."""

    code = "invalid_value"
    status = 422


class CycleError(WaymarkError):
    """A relation that must not loop does; the detail lists the loop."""

    code = "cycle"
    status = 409


class NotFoundError(WaymarkError):
    """Something named in the request does not exist."""

    code = "not_found"
    status = 404

    @classmethod
    def of_learner(cls, learner_id: str) -> "NotFoundError":
        """Return the error about a learner of whom nothing is known."""
        return cls(f"nothing is known of learner {learner_id!r}")


class ErasedError(WaymarkError):
    """The learner was erased; nothing more is kept about them."""

    code = "erased"
    status = 410

    @classmethod
    def of(cls, learner_id: str) -> "ErasedError":
        """Return the error about a learner."""
        return cls(
            f"learner {learner_id} was erased: nothing more is kept about them. Leave them out"
        )


class UnauthenticatedError(WaymarkError):
    """The request carries no key, or one that is unknown or revoked."""

    code = "unauthenticated"
    status = 401


class ForbiddenError(WaymarkError):
    """The key is good but lacks the scope this needs."""

    code = "forbidden"
    status = 403


class ConflictError(WaymarkError):
    """The request contradicts what is stored."""

    code = "conflict"
    status = 409


class RateLimitedError(WaymarkError):
    """The key has made its requests of this minute."""

    code = "rate_limited"
    status = 429

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class OverloadedError(WaymarkError):
    """There are more requests than can be answered in good time."""

    code = "overloaded"
    status = 503


class StoreUnavailableError(WaymarkError):
    """The database cannot be reached or does not answer."""

    code = "store_unavailable"
    status = 503


class SnapshotError(WaymarkError):
    """A snapshot is missing, corrupt or of another schema."""

    code = "snapshot_invalid"
    status = 503


class WorseOnGoldenError(SnapshotError):
    """A snapshot answers golden learners worse than the one it is to take the place of."""


class RegistryError(WaymarkError):
    """The model registry cannot be reached or lacks what was asked of it."""

    code = "registry_unavailable"
    status = 503


class HistoryFolderError(WaymarkError):
    """A history folder cannot be taken as it is; the detail names file, line, column and reason."""

    code = "history_folder_invalid"
    status = 422


class GateRefusedError(WaymarkError):
    """A snapshot may not be promoted; the detail lists the checks that failed."""

    code = "gate_refused"
    status = 409


class CannotTellError(WaymarkError):
    """Data are too few or too much alike to answer yet; the detail says what is missing."""

    code = "cannot_tell"
    status = 409


class ReplayRefusedError(WaymarkError):
    """The log cannot say what another policy would have earned; the detail says why."""

    code = "replay_refused"
    status = 409


class ExperimentInvalidError(WaymarkError):
    """An experiment that could not be carried out or trusted; `errors` has every field at fault."""

    code = "experiment_invalid"
    status = 422

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {detail}" for field, detail in errors.items()))
        self.errors = errors


class ExperimentUnknownPartError(WaymarkError):
    """An experiment names policies, snapshots, pathways or rules that do not exist."""

    code = "experiment_names_unknown"
    status = 404


class ExperimentOverlapError(WaymarkError):
    """Two running experiments would own the same component of the same learner."""

    code = "experiment_overlap"
    status = 409


class ExperimentStartedError(WaymarkError):
    """The experiment has started: it cannot start again, and what it compares is frozen."""

    code = "experiment_started"
    status = 409


class ExperimentNotRunningError(WaymarkError):
    """The experiment has not started, or has stopped for good."""

    code = "experiment_not_running"
    status = 409


class ReadingUnavailableError(WaymarkError):
    """Results or a report take longer than anybody waits for them here."""

    code = "reading_unavailable"
    status = 503
