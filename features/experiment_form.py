"""How an experiment is written down: the body of the API and the file of the command line."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from features.decide.experiment_checks import check_experiment
from features.domain.checks import require_storable
from features.domain.errors import ExperimentInvalidError
from features.domain.experiment import (
    LEARNER,
    WHOLE_RANGE,
    Component,
    Experiment,
    MetricRole,
    MetricSpec,
    Variant,
)
from features.forms import Form, Id, Instant, Unit, Whole

Prose = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(require_storable)
]


class VariantForm(Form):
    """One arm: at most one of policy_id, snapshot, pathway_id and rules says what it changes."""

    variant_id: Id
    weight: Unit = Field(description="The share of the units; all weights sum to 1.")
    policy_id: Id | None = None
    snapshot: Id | None = Field(None, description="An alias or a version of the registry.")
    pathway_id: Id | None = None
    rules: Annotated[list[Id], Field(max_length=1_000)] | None = Field(
        None, description="Of the rules that variants name, those that are on in this one."
    )

    def to_domain(self) -> Variant:
        """Make the variant."""
        named = {kind.value: getattr(self, kind.value) for kind in Component}
        component = {name: value for name, value in named.items() if value is not None}
        return Variant(variant_id=self.variant_id, weight=self.weight, component=component)


class MetricForm(Form):
    """A metric chosen beforehand."""

    metric_id: Id
    role: Annotated[MetricRole, Field(strict=False)]
    margin: float | None = Field(None, description="Of a guardrail: how much worse is borne, ≥ 0.")
    window_days: float | None = Field(None, description="How long an outcome counts, > 0.")
    higher_is_better: bool | None = Field(
        None, description="Which way is good, where not as usual: false for errors."
    )


class ExperimentForm(Form):
    """An experiment as its author writes it; the first variant is the control."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hypothesis": "Ranking by gaps alone raises completion.",
                    "variants": [
                        {"variant_id": "as-today", "weight": 0.5},
                        {"variant_id": "gaps", "weight": 0.5, "policy_id": "gaps-only"},
                    ],
                    "eligible": 'learner.department == "Sales"',
                    "metrics": [
                        {"metric_id": "completion_rate", "role": "goal"},
                        {"metric_id": "minutes", "role": "guardrail", "margin": 5},
                    ],
                    "planned_n": 2000,
                }
            ]
        }
    )

    experiment_id: Id | None = Field(None, description="May repeat the id of the path.")
    hypothesis: Prose
    unit: Id = Field(LEARNER, description="`learner`, or an attribute whose groups are assigned.")
    variants: list[VariantForm] = Field(max_length=20)
    coverage: Unit = Field(1.0, description="The share of units enrolled.")
    namespace: Id | None = Field(
        None, description="Experiments of one namespace with disjoint ranges share no unit."
    )
    namespace_range: list[Unit] = Field(list(WHOLE_RANGE), min_length=2, max_length=2)
    eligible: Prose | None = Field(None, description="CEL on learner attributes.")
    metrics: list[MetricForm] = Field([], max_length=50)
    planned_n: Whole | None = Field(None, ge=1, le=1_000_000_000)
    preview: Annotated[dict[Id, Id], Field(max_length=1_000)] = Field(
        {}, description="Learner id → the variant they see, outside the analysis."
    )
    starts_at: Instant | None = None
    ends_at: Instant | None = None

    def to_domain(self, experiment_id: str) -> Experiment:
        """Make the experiment called `experiment_id`.

        Raises
        ------
        ExperimentInvalidError
            With every field that contradicts another.
        """
        low, high = self.namespace_range
        experiment = Experiment(
            experiment_id=experiment_id,
            hypothesis=self.hypothesis,
            unit=self.unit,
            variants=tuple(each.to_domain() for each in self.variants),
            coverage=self.coverage,
            namespace=self.namespace,
            namespace_range=(low, high),
            eligible=self.eligible,
            metrics=tuple(MetricSpec(**each.model_dump()) for each in self.metrics),
            planned_n=self.planned_n,
            preview=self.preview,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )
        check_experiment(experiment)
        return experiment


def read_experiment(experiment_id: str | None, document: Mapping[str, Any]) -> Experiment:
    """Make an experiment of what was read from a file.

    Parameters
    ----------
    experiment_id
        None where the document says it.
    document
        As `ExperimentForm`.

    Raises
    ------
    ExperimentInvalidError
        With every field that is unknown, missing, of a wrong type, or that contradicts another.
    """
    try:
        form = ExperimentForm.model_validate(document)
    except ValidationError as error:
        raise ExperimentInvalidError(
            {".".join(map(str, each["loc"])): each["msg"] for each in error.errors()}
        ) from error
    named = experiment_id or form.experiment_id
    if named is None or form.experiment_id not in (None, named):
        raise ExperimentInvalidError(
            {"experiment_id": f"{form.experiment_id!r} in the file, {experiment_id!r} beside it"}
        )
    return form.to_domain(named)
