"""What of a request could not be followed, and why the answer is as it is all the same."""

from features.decide.case import Case
from features.domain.recommendation import Reason


def remarks_on(case: Case) -> tuple[Reason, ...]:
    """Return a remark for a goal that nobody has described, and for each format nobody offers."""
    context, index, language = case.request.context, case.index, case.language
    said: list[tuple[str, dict[str, str]]] = []
    if context.goal_role_id is not None and context.goal_role_id not in index.role_targets:
        said.append(("unknown_goal", {"goal": context.goal_role_id}))
    said += [
        ("unknown_format", {"format": each})
        for each in sorted(context.formats)
        if each not in index.formats
    ]
    return tuple(Reason(code=code, text=language.say(code, facts)) for code, facts in said)
