"""What people tend to take after what."""

import numpy as np
from numpy.typing import NDArray

from training.academy.model import Floats
from training.academy.texts import ENGLISH, ModuleText, Texts

_NEXT_RUNG, _RUNG_AFTER = 1.0, 0.3
_NEXT_SKILL = 0.5  # times the strength of the edge between two skills
_SAME_AREA, _ANYWHERE = 0.8, 0.6  # companions that content does not explain


def draw_sequence(
    texts: Texts, modules: tuple[ModuleText, ...], rng: np.random.Generator
) -> Floats:
    """Return the pull from the module just taken (row) to each other one (column).

    Ladders lead upwards, skills lead to the skills they precede, and each module has two
    companions that are taken after it for no reason of content.

    Parameters
    ----------
    texts
        Areas and edges of skills.
    modules
        Content only, ladders in order.
    rng
        Source of randomness.
    """
    pull = np.zeros((len(modules), len(modules)))
    ladders: dict[tuple[str, str], list[int]] = {}
    for row, text in enumerate(modules):
        ladders.setdefault((text.skill_id, text.language), []).append(row)
    for ladder in ladders.values():
        pull[ladder[:-1], ladder[1:]] += _NEXT_RUNG
        pull[ladder[:-2], ladder[2:]] += _RUNG_AFTER
    for first, then, strength in texts.edges:
        upper, start = ladders[first, ENGLISH][-3:], ladders[then, ENGLISH][0]
        pull[upper, start] += _NEXT_SKILL * strength
    _add_companions(pull, texts, modules, rng)
    np.fill_diagonal(pull, 0.0)
    return pull


def _add_companions(
    pull: Floats, texts: Texts, modules: tuple[ModuleText, ...], rng: np.random.Generator
) -> None:
    area_of = {skill.skill_id: skill.area_id for skill in texts.skills}
    areas = np.array([area_of[text.skill_id] for text in modules])
    languages = np.array([text.language for text in modules])
    for row in range(len(modules)):
        readable: NDArray[np.bool_] = languages == languages[row]
        near = np.flatnonzero(readable & (areas == areas[row]))
        pull[row, rng.choice(near)] += _SAME_AREA
        pull[row, rng.choice(np.flatnonzero(readable))] += _ANYWHERE
