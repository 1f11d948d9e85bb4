"""Milestones as something an Open Badges issuer can take up.

References
----------
1EdTech, Open Badges Specification 3.0: AchievementSubject and Achievement. Signing, and whose
name stands on it, is the issuer's; this only says what was achieved, by whom and when.
"""

from collections.abc import Sequence
from typing import Any

from features.domain.instants import write_instant
from features.domain.journey import MilestoneStanding, PathwayProgress

CONTEXT = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)


def badges_of(learner_id: str, pathways: Sequence[PathwayProgress]) -> list[dict[str, Any]]:
    """Return an unsigned credential for each milestone earned, in the order earned."""
    earned = [
        (milestone, pathway)
        for pathway in pathways
        for milestone in pathway.milestones
        if milestone.earned_at is not None
    ]
    earned.sort(key=lambda each: (each[0].earned_at, each[0].badge))
    return [_credential(learner_id, milestone, pathway) for milestone, pathway in earned]


def _credential(
    learner_id: str, milestone: MilestoneStanding, pathway: PathwayProgress
) -> dict[str, Any]:
    return {
        "@context": list(CONTEXT),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": milestone.title,
        "validFrom": None if milestone.earned_at is None else write_instant(milestone.earned_at),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [{"type": "IdentityObject", "identityHash": learner_id, "hashed": False}],
            "achievement": {
                "id": f"urn:waymark:badge:{milestone.badge}",
                "type": ["Achievement"],
                "achievementType": "Badge",
                "name": milestone.title,
                "description": f"A milestone of {pathway.title}.",
                "criteria": {"narrative": f"Step {milestone.step_id} of {pathway.title} is done."},
            },
        },
    }
