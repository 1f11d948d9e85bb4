"""Descriptions and questions, made from what a module leads to."""

from dataclasses import replace

import numpy as np

from training.academy.texts import QUESTION_FORMAT, ModuleText

_DESCRIPTIONS = {
    "video": (
        "A short film that shows how to {outcome}.",
        "Colleagues show on camera how to {outcome}.",
        "Watch how it is done: {outcome}.",
    ),
    "article": (
        "A read for one cup of coffee: how to {outcome}.",
        "Explains with examples from our own sites how to {outcome}.",
        "The short guide for everyone who wants to {outcome}.",
    ),
    "course": (
        "A self-paced course with worked cases and a final check. Afterwards you can {outcome}.",
        "Learn in small steps to {outcome}, then prove it in the final check.",
        "From the idea to the practice: learn to {outcome}. Ends with a scored check.",
    ),
    "workshop": (
        "A live session with a trainer and a small group, in which you {outcome}.",
        "Bring a case of your own: together we practise how to {outcome}.",
        "An afternoon of practice for people who need to {outcome}.",
    ),
    "simulation": (
        "A safe place to try it out: {outcome}. You see what each decision leads to.",
        "A realistic case in which you {outcome}. Scored, and open to another try.",
        "You decide, the case answers: {outcome}.",
    ),
    "quiz": (
        "Find out whether you can {outcome}. Short, scored and open to a second try.",
        "A scored check with feedback on every answer: {outcome}.",
    ),
    "podcast": (
        "A conversation worth a commute: how to {outcome}.",
        "Three voices from three sites tell how they {outcome}.",
    ),
}
_AUDIENCE = {
    1: ("No previous knowledge needed.", "A first step for newcomers.", ""),
    2: ("Builds on the first steps.", "", ""),
    3: ("For people who know the basics.", "", ""),
    4: ("Best taken with some months of practice.", "", ""),
    5: ("For experienced colleagues.", "Demanding, and meant to be.", ""),
}
_QUESTIONS = (
    "How would you {outcome}?",
    "Which of these helps most to {outcome}?",
    "What comes first when you want to {outcome}?",
    "Which approach lets you {outcome}?",
)


def describe(text: ModuleText, rng: np.random.Generator) -> str:
    """Return one or two sentences about a module: its own, or made for its format and level."""
    if text.description is not None:
        return text.description
    form = str(rng.choice(_DESCRIPTIONS[text.format]))
    audience = str(rng.choice(_AUDIENCE[text.level]))
    return f"{form.format(outcome=text.outcome)} {audience}".strip()


def ask_about(texts: tuple[ModuleText, ...]) -> tuple[ModuleText, ...]:
    """Return one pre-assessment question for each module that is not a translation."""
    own = [text for text in texts if text.origin_id == text.module_id]
    return tuple(
        replace(
            text,
            module_id=_question_id(text.module_id),
            format=QUESTION_FORMAT,
            title=_QUESTIONS[number % len(_QUESTIONS)].format(outcome=text.outcome),
            also=None,
            description="A question of the pre-assessment.",
        )
        for number, text in enumerate(own)
    )


def _question_id(module_id: str) -> str:
    skill_id, _, number = module_id.rpartition("-")
    return f"{skill_id}-q{number}"
