"""What of a request could not be followed, and why the answer is as it is all the same."""

from features.decide.case import Case
from features.domain.recommendation import Reason


def remarks_on(case: Case) -> tuple[Reason, ...]:
    """Return a remark for a role or goal nobody has described, and each format nobody offers."""
    context, index, language = case.request.context, case.index, case.language
    learner = case.arrays.learner
    asking = (
        ("unknown_role", "role", learner.role_id),
        ("unknown_goal", "goal", context.goal_role_id or learner.goal_role_id),
    )
    said = [
        (code, {fact: role_id})
        for code, fact, role_id in asking
        if role_id is not None and role_id not in index.role_targets
    ]
    said += [
        ("unknown_format", {"format": each})
        for each in sorted(context.formats)
        if each not in index.formats
    ]
    return tuple(Reason(code=code, text=language.say(code, facts)) for code, facts in said)
