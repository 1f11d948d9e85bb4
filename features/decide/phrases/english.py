"""English."""

from features.decide.phrases.language import Counted, Language

ENGLISH = Language(
    code="en",
    decimal=".",
    share="{}%",
    day="%Y-%m-%d",
    last_of_all="and",
    last_of_any="or",
    templates={
        "overdue": "It was due on {due}.",
        "due_soon": "It is due on {due}; waiting longer would break that date.",
        "updated": "It has changed since you did it on {done}: this is version {version}.",
        "refresher": "You have done this before; your {faded} has faded from {shown} to {left}, "
        "and {asked} is asked for.",
        "gap": "It should take your {skill} from {mastery} to {expected} of the {target} asked "
        "for.",
        "gap_goal": "It should take your {skill} from {mastery} to {expected} of the {target} that "
        "your goal, {goal}, asks for.",
        "gap_unsure": "Your {skill} looks like {mastery}, enough for the {target} asked for, but "
        "that is not sure yet.",
        "gap_way": "It comes before what closes a gap of yours.",
        "fit": "It is about as hard as helps you most: your chance of success is {p_success}.",
        "affinity": "People with a history like yours went on to this.",
        "affinity_new": "It is new, and teaches the skills of what suits you.",
        "affinity_role": "It is what others in your role take most.",
        "affinity_popularity": "It is among the most taken modules.",
        "refresh": "It brings back {skill}, which fades without practice.",
        "urgency": "It is owed by {due}.",
        "urgency_undated": "It is mandatory or assigned to you.",
        "time": Counted(
            count="minutes",
            one="At {minutes} minute it fits the {available} you have.",
            other="At {minutes} minutes it fits the {available} you have.",
        ),
        "time_part": Counted(
            count="minutes",
            one="It takes {minutes} minute; the {available} you have are enough for a part.",
            other="It takes {minutes} minutes; the {available} you have are enough for a part.",
        ),
        "continuity": "It carries on from what you did last.",
        "continuity_under_way": "You have started it already.",
        "continuity_pathway": "It is your next step in {pathway}.",
        "continuity_extra": "It is an optional extra in {pathway}.",
        "boost": "It is recommended by a rule of your organisation.",
        "required": "A rule of your organisation requires it of you.",
        "open": "It is open to you.",
        "locked": "It asks for {needs}.",
        "locked_on_pathway": "In {pathway} it asks for {needs}.",
        "opens_on": "It opens on {opens}.",
        "need_module": "{module} to be done first",
        "need_skill": "{skill} at {level}",
        "need_condition": "that {condition}",
        "step_opens": "It opens when {needs}.",
        "step_module": "{module} is done",
        "step_condition": "{condition} holds",
        "unknown_role": "The role {role} is not described, so nothing is asked for on its account.",
        "unknown_goal": "The goal {goal} is not a role that is described, so nothing is asked for "
        "on its account.",
        "unknown_format": "No module comes in the format {format}.",
        "reaches_target": "They have shown what is asked of you in {skill}.",
        "ahead": "They have shown clearly more of {skill} than you so far.",
        "same_language": "You share a language.",
        "same_department": "They work in your department.",
        "same_location": "They work where you do.",
        "nobody_willing": "Nobody who could be named has said that they are willing to help.",
        "nobody_ahead": "Nobody willing to help has shown clearly more of {skill} than you so far.",
        "all_named_often": "Those who could help with {skill} have been named often of late; "
        "ask again in some days.",
    },
)
