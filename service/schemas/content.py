"""The content report as it is answered."""

from pydantic import Field

from service.schemas.fields import InstantOut, View


class StaleModuleView(View):
    """A module that is out of date."""

    module_id: str
    title: str
    why: str = Field(description="old, or ended: its time is over and it is still asked for.")
    age_days: float | None = Field(description="Since it was updated; null where not known.")


class UntaughtSkillView(View):
    """A skill that roles ask for at a higher level than any module leads to."""

    skill_id: str
    name: str
    target: float = Field(description="The highest of those roles.")
    taught: float | None = Field(description="The highest level led to; null where none is.")
    n_modules: int
    n_learners: int = Field(description="Learners in those roles.")
    role_ids: list[str]


class SignView(View):
    """A share of learners, or their mean rating, that stands out, with its 95 % interval."""

    name: str = Field(description="gave up, failed, rating, easy or quick.")
    value: float
    low: float
    high: float
    n_learners: int
    usual: float


class FindingView(View):
    """A module and what stands out about it, the strongest sign first."""

    module_id: str
    title: str
    signs: list[SignView]


class ContentReportView(View):
    """What is stale, what nobody teaches, what loses or bores its learners."""

    as_at: InstantOut = Field(description="The instant of the latest event.")
    snapshot_version: str | None = Field(description="Whose levels count; null for authored ones.")
    n_modules: int
    n_learners: int
    fewest_learners: int = Field(description="Figures of fewer learners are left out.")
    stale: list[StaleModuleView]
    untaught: list[UntaughtSkillView]
    losing: list[FindingView]
    boring: list[FindingView]
