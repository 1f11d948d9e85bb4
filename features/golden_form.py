"""How golden learners are written down: the file of WAYMARK_GOLDEN_LEARNERS."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from features.decide.golden import Expectation, GoldenLearner, unknown_names
from features.domain.catalogue import Catalogue
from features.domain.errors import InvalidValueError
from features.domain.history import Event, Evidence, Interaction, Learner, LearnerHistory
from features.forms import Form, Id, Unit, Whole

SETTING = "WAYMARK_GOLDEN_LEARNERS"
REMEDY = f"Correct the file, or unset {SETTING}; docs/operations.md shows its form"
MOST_FAULTS = 10

DaysAgo = Annotated[float, Field(ge=0, le=36_500)]
Ids = Annotated[list[Id], Field(max_length=100)]


class GoldenEventForm(Form):
    """Something the learner did, some days ago."""

    module_id: Id
    event: Event
    days_ago: DaysAgo
    score: Unit | None = None
    success: bool | None = None


class GoldenEvidenceForm(Form):
    """A judgement of one of the learner's skills, some days ago."""

    skill_id: Id
    level: Unit
    days_ago: DaysAgo
    source: Id = "assessment"


class ExpectationForm(Form):
    """What the answer is to hold, or not to hold, among its first modules."""

    any_of: Ids = Field([])
    none_of: Ids = Field([])
    within: Whole = Field(5, ge=1, le=100)

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        if bool(self.any_of) == bool(self.none_of):
            raise ValueError("name modules in either any_of or none_of")
        return self


class GoldenLearnerForm(Form):
    """A made-up learner."""

    name: Id
    role_id: Id | None = None
    goal_role_id: Id | None = None
    language: Id | None = None
    events: Annotated[list[GoldenEventForm], Field(max_length=1_000)] = Field([])
    evidence: Annotated[list[GoldenEvidenceForm], Field(max_length=1_000)] = Field([])
    expect: Annotated[list[ExpectationForm], Field(min_length=1, max_length=20)]

    def to_domain(self, now: datetime) -> GoldenLearner:
        """Make the learner as they are at an instant (aware UTC)."""
        history = LearnerHistory(
            learner=Learner(
                learner_id=self.name,
                role_id=self.role_id,
                goal_role_id=self.goal_role_id,
                language=self.language,
            ),
            interactions=tuple(
                Interaction(
                    event_id=str(k),
                    learner_id=self.name,
                    module_id=each.module_id,
                    event=each.event,
                    at=_before(now, each.days_ago),
                    score=each.score,
                    success=each.success,
                )
                for k, each in enumerate(sorted(self.events, key=lambda each: -each.days_ago))
            ),
            evidence=tuple(
                Evidence(
                    learner_id=self.name,
                    skill_id=each.skill_id,
                    level=each.level,
                    source=each.source,
                    at=_before(now, each.days_ago),
                )
                for each in sorted(self.evidence, key=lambda each: -each.days_ago)
            ),
        )
        expectations = tuple(
            Expectation(any_of=tuple(each.any_of), none_of=tuple(each.none_of), within=each.within)
            for each in self.expect
        )
        return GoldenLearner(history=history, expectations=expectations)


class GoldenForm(Form):
    """All golden learners of a workspace."""

    learners: Annotated[list[GoldenLearnerForm], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _require_own_names(self) -> Self:
        names = Counter(each.name for each in self.learners)
        twice = [name for name, n in names.items() if n > 1]
        if twice:
            raise ValueError(f"two learners are called {twice[0]}")
        return self


def read_golden(path: Path, now: datetime) -> list[GoldenLearner]:
    """Read golden learners as they are at an instant.

    Parameters
    ----------
    path
        A JSON file, as `GoldenForm`.
    now
        Aware UTC; ages are counted back from it.

    Raises
    ------
    InvalidValueError
        If the file is missing or is not of that form, with each place that is not.
    """
    try:
        form = GoldenForm.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidValueError(
            f"golden learners {path} cannot be read: {error.strerror}. {REMEDY}"
        ) from error
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}" for each in error.errors()
        ]
        raise InvalidValueError(f"golden learners {path}: {_joined(faults)}. {REMEDY}") from error
    return [each.to_domain(now) for each in form.learners]


def require_usable(path: Path, learners: list[GoldenLearner], catalogue: Catalogue) -> None:
    """Refuse a file whose golden learners name what the catalogue does not have.

    Raises
    ------
    InvalidValueError
        With the file, each learner and each name.
    """
    unknown = unknown_names(learners, catalogue)
    if unknown:
        raise InvalidValueError(f"golden learners {path}: {_joined(unknown)}. {REMEDY}")


def _joined(faults: list[str]) -> str:
    more = len(faults) - MOST_FAULTS
    return "; ".join(faults[:MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")


def _before(now: datetime, days: float) -> datetime:
    return now - timedelta(days=days)
