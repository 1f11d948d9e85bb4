"""The bank of questions for pre-assessments, beside the offer: nobody else is asked from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from features.domain.catalogue import QUESTION, Module, ModuleSkill
from features.encode.catalogue import CatalogueIndex, index_catalogue
from training.histories.catalogue import canonical
from training.simulation.offer import Offer
from training.simulation.parameters import Questions


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is true of one question: the position of its skill, difficulty as a level, minutes."""

    skill: int
    difficulty: float
    minutes: float


@dataclass(frozen=True, kw_only=True)
class QuestionBank:
    """Questions and their truth.

    Attributes
    ----------
    index
        The offer's catalogue with the questions in it. The offer has an index without them, so
        that rows of modules, and what is drawn for them, are the same under every policy.
    truth
        By module id of the question.
    """

    index: CatalogueIndex
    truth: Mapping[str, Question]


def write_questions(offer: Offer, parameters: Questions, rng: np.random.Generator) -> QuestionBank:
    """Write questions for every skill of an offer, easy to hard; authors state difficulties nearly.

    Parameters
    ----------
    offer
        Has none.
    parameters
        How many, how long, and how well their difficulty is known.
    rng
        Source of randomness.
    """
    n = parameters.n_per_skill
    truth = {
        f"{skill_id}-asked-{place}": Question(
            skill=skill, difficulty=(place + 0.5) / n, minutes=parameters.minutes
        )
        for skill, skill_id in enumerate(offer.index.skill_ids.ids)
        for place in range(n)
    }
    off = rng.normal(0.0, parameters.authoring_error, len(truth))
    described = tuple(
        Module(
            module_id=module_id,
            title=module_id,
            kind=QUESTION,
            duration_minutes=each.minutes,
            difficulty=float(np.clip(each.difficulty + error, 0.0, 1.0)),
            skills=(ModuleSkill(skill_id=offer.index.skill_ids.ids[each.skill]),),
        )
        for (module_id, each), error in zip(truth.items(), off.tolist(), strict=True)
    )
    catalogue = offer.index.catalogue
    catalogue = replace(catalogue, modules=(*catalogue.modules, *described))
    return QuestionBank(index=index_catalogue(canonical(catalogue)), truth=truth)
