"""The pathways and rules of the sample academy."""

from collections.abc import Collection
from dataclasses import replace

from features.domain.catalogue import EntryPoint, Milestone, Pathway, PathwayStep, Rule

LANGUAGES = ("de", "es")
FEWEST_STEPS = 4


def _step(
    step_id: str, *modules: str, after: tuple[str, ...] = (), badge: tuple[str, str] | None = None
) -> PathwayStep:
    return PathwayStep(
        step_id=step_id,
        any_of=modules,
        requires=after,
        milestone=Milestone(badge=badge[0], title=badge[1]) if badge else None,
    )


def _extra(step_id: str, *modules: str, after: tuple[str, ...] = ()) -> PathwayStep:
    return PathwayStep(step_id=step_id, any_of=modules, requires=after, optional=True)


def _in_any_language(module_id: str) -> tuple[str, ...]:
    return (module_id, *(f"{module_id}-{language}" for language in LANGUAGES))


_CARE = Pathway(
    pathway_id="care-first-90-days",
    title="The First Ninety Days in Customer Care",
    goal={"role_id": "care-adviser"},
    steps=(
        _step("privacy", "data-protection-1"),
        _step("opening", "call-handling-1"),
        _step("listening", "call-handling-2", after=("opening",)),
        _step("writing", "written-care-1", "clear-writing-2"),
        _step(
            "first-calls",
            "call-handling-3",
            after=("listening",),
            badge=("ready-for-calls", "Ready for Calls"),
        ),
        _step("worth", "complaints-1", after=("opening",)),
        _step("apology", "complaints-2", after=("worth",)),
        _extra("faults", "troubleshooting-1"),
        _step(
            "shouting",
            "complaints-3",
            after=("apology", "first-calls"),
            badge=("calm-voice", "The Calm Voice"),
        ),
    ),
    entry_points=(
        EntryPoint(step_id="privacy"),
        EntryPoint(step_id="worth", when='learner.role_id == "showroom-adviser"'),
    ),
)

_ANALYST = Pathway(
    pathway_id="becoming-a-data-analyst",
    title="Becoming a Data Analyst",
    goal={"role_id": "data-analyst"},
    steps=(
        _step("pivots", "spreadsheets-2"),
        _step("averages", "statistics-1"),
        _step("first-query", "sql-1"),
        _step("joins", "sql-2", after=("first-query",)),
        _step("counting", "sql-3", after=("joins",), badge=("query-writer", "Writer of Queries")),
        _step("charts", "data-visualisation-1", "data-visualisation-2"),
        _step("noise", "statistics-2", after=("averages",)),
        _extra("profile", "data-quality-2", after=("first-query",)),
        _step("windows", "sql-4", after=("counting",)),
        _step(
            "dashboard",
            "data-visualisation-4",
            after=("charts", "windows"),
            badge=("analyst", "Data Analyst"),
        ),
        _extra("python", "python-1"),
    ),
    entry_points=(
        EntryPoint(step_id="pivots"),
        EntryPoint(step_id="first-query", when='learner.role_id == "financial-analyst"'),
    ),
)

_SCIENTIST = Pathway(
    pathway_id="analyst-to-data-scientist",
    title="From Data Analyst to Data Scientist",
    goal={"role_id": "data-scientist"},
    steps=(
        _step("functions", "python-2"),
        _step("frames", "python-3", after=("functions",)),
        _step("certainty", "statistics-3"),
        _extra("promise", "machine-learning-1"),
        _step(
            "first-model",
            "machine-learning-2",
            after=("frames",),
            badge=("first-model", "First Model"),
        ),
        _step("control-group", "experimentation-1"),
        _step("ab-test", "experimentation-2", after=("control-group", "certainty")),
        _step("versions", "version-control-2"),
        _step("forests", "machine-learning-3", "machine-learning-4", after=("first-model",)),
        _step(
            "live",
            "machine-learning-5",
            after=("forests", "versions"),
            badge=("model-owner", "Owner of a Live Model"),
        ),
    ),
    entry_points=(
        EntryPoint(step_id="functions"),
        EntryPoint(step_id="frames", when='learner.role_id == "software-engineer"'),
    ),
)

_LEADER = Pathway(
    pathway_id="towards-team-leader",
    title="From Colleague to Team Leader",
    goal={"role_id": "team-leader"},
    steps=(
        _step("saying-it", "feedback-1"),
        _step("hearing-it", "feedback-2", after=("saying-it",)),
        _step("letting-go", "delegating-1"),
        _step("handing-over", "delegating-2", after=("letting-go",)),
        _step("asking", "coaching-1", after=("saying-it",)),
        _step(
            "four-questions",
            "coaching-2",
            after=("asking",),
            badge=("good-listener", "The Good Listener"),
        ),
        _step("meetings", "facilitation-1", "facilitation-2"),
        _step("hard-talk", "feedback-3", after=("hearing-it",)),
        _extra("week", "planning-2"),
        _step("goals", "performance-1"),
        _step("review", "performance-2", after=("goals",)),
        _step(
            "including",
            "respect-4",
            after=("handing-over", "four-questions"),
            badge=("team-leader", "Ready to Lead"),
        ),
    ),
    entry_points=(
        EntryPoint(step_id="saying-it"),
        EntryPoint(step_id="goals", when='learner.role_id == "team-leader"'),
    ),
)

_WAREHOUSE = Pathway(
    pathway_id="safe-start-in-the-warehouse",
    title="A Safe Start in the Warehouse",
    goal={"role_id": "warehouse-associate"},
    steps=(
        _step("exits", *_in_any_language("workplace-safety-1")),
        _step("lifting", *_in_any_language("manual-handling-1"), after=("exits",)),
        _step("scanner", *_in_any_language("warehouse-picking-1")),
        _step("packing", *_in_any_language("warehouse-picking-2"), after=("scanner",)),
        _step(
            "stacker",
            *_in_any_language("manual-handling-2"),
            after=("lifting",),
            badge=("stacker", "Stacker Licence"),
        ),
        _extra("forklift", "manual-handling-3", "manual-handling-3-de", after=("stacker",)),
        _extra("narrow-aisle", "manual-handling-4", after=("forklift",)),
    ),
    entry_points=(EntryPoint(step_id="exits"),),
)

_SELLING = Pathway(
    pathway_id="consultative-seller",
    title="The Consultative Seller",
    goal={"certificate": "Consultative Seller"},
    steps=(
        _step("prospects", "prospecting-1"),
        _step("questions", "discovery-1"),
        _step("first-call", "discovery-2", after=("questions",)),
        _step(
            "objections",
            "discovery-3",
            after=("first-call",),
            badge=("curious-mind", "The Curious Mind"),
        ),
        _step("limits", "negotiating-1"),
        _step("concessions", "negotiating-2", after=("limits",)),
        _step("stages", "pipeline-2"),
        _step("practice", "showroom-selling-2", "account-management-1"),
        _step(
            "pressure",
            "negotiating-3",
            after=("concessions", "objections"),
            badge=("consultative-seller", "Consultative Seller"),
        ),
    ),
    entry_points=(
        EntryPoint(step_id="prospects"),
        EntryPoint(step_id="limits", when='learner.role_id == "account-manager"'),
    ),
)

_MONEY = Pathway(
    pathway_id="money-matters",
    title="Money Matters for People Outside Finance",
    goal={"skill_ids": ["financial-statements", "budgeting"]},
    steps=(
        _step("balance", "financial-statements-1"),
        _step("income", "financial-statements-2", after=("balance",)),
        _step("round", "budgeting-1"),
        _step("costs", "budgeting-2", after=("round",)),
        _step(
            "cash",
            "financial-statements-3",
            after=("income",),
            badge=("numbers", "At Home with Numbers"),
        ),
        _extra("drivers", "budgeting-3", after=("costs",)),
    ),
    entry_points=(EntryPoint(step_id="balance"),),
)

PATHWAYS = (_CARE, _ANALYST, _SCIENTIST, _LEADER, _WAREHOUSE, _SELLING, _MONEY)

RULES = (
    Rule(
        rule_id="stacker-before-the-first-pallet",
        when='learner.role_id == "warehouse-associate" && learner.language == "en"',
        assign=("manual-handling-2",),
        due_in_days=60,
        priority=20,
    ),
    Rule(
        rule_id="leaders-know-employment-basics",
        when='learner.role_id == "team-leader" || learner.role_id == "head-of-department"',
        require=("employment-law-1", "respect-4"),
        priority=10,
    ),
    Rule(
        rule_id="no-key-account-work-for-apprentices",
        when='learner.contract == "apprentice"',
        exclude=("account-management-5", "negotiating-4", "financial-modelling-5"),
    ),
    Rule(
        rule_id="energy-label-season",
        when='learner.department == "Sales" || learner.department == "Customer Care"',
        boost=("product-knowledge-2", "product-knowledge-3"),
        strength=0.6,
    ),
)


def narrow_pathways(module_ids: Collection[str]) -> tuple[Pathway, ...]:
    """Return the pathways that keep at least four steps within these modules."""
    narrowed = (_narrow_pathway(pathway, module_ids) for pathway in PATHWAYS)
    return tuple(pathway for pathway in narrowed if len(pathway.steps) >= FEWEST_STEPS)


def narrow_rules(module_ids: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules that say something about these modules, and only about these."""
    narrowed = (
        replace(
            rule,
            assign=_within(rule.assign, module_ids),
            require=_within(rule.require, module_ids),
            exclude=_within(rule.exclude, module_ids),
            boost=_within(rule.boost, module_ids),
        )
        for rule in RULES
    )
    return tuple(rule for rule in narrowed if _consequences(rule))


def _consequences(rule: Rule) -> tuple[str, ...]:
    return rule.assign + rule.require + rule.exclude + rule.boost


def _within(chosen: tuple[str, ...], module_ids: Collection[str]) -> tuple[str, ...]:
    return tuple(module_id for module_id in chosen if module_id in module_ids)


def _narrow_pathway(pathway: Pathway, module_ids: Collection[str]) -> Pathway:
    kept = [step for step in pathway.steps if _within(step.any_of, module_ids)]
    known = {step.step_id for step in kept}
    return replace(
        pathway,
        steps=tuple(
            replace(
                step,
                any_of=_within(step.any_of, module_ids),
                requires=_within(step.requires, known),
            )
            for step in kept
        ),
        entry_points=tuple(entry for entry in pathway.entry_points if entry.step_id in known),
    )
