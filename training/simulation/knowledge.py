"""The BKT-like learner: each skill has components that are known or not."""

from collections.abc import Sequence
from math import floor, inf, log

import numpy as np

from training.simulation.minds import ramp, readiness
from training.simulation.offer import Lesson
from training.simulation.parameters import Content, KnowledgeModel
from training.simulation.questions import Question


class KnowledgeMind:
    """A learner who knows a component until a day; see `KnowledgeModel` for the sources.

    Parameters
    ----------
    levels
        First levels by skill: about that share of its components is known, and stays.
    rate
        Factor on the opportunities to learn.
    model, content
        The truth of all learners and of all modules.
    rng
        Source of randomness.
    """

    def __init__(
        self,
        levels: Sequence[float],
        rate: float,
        model: KnowledgeModel,
        content: Content,
        rng: np.random.Generator,
    ) -> None:
        n = model.n_components
        place = (np.arange(n) + 0.5) / n
        border = np.array(levels)[:, None] + rng.normal(0.0, model.first_spread, (len(levels), n))
        self._known_until: list[list[float]] = np.where(place < border, inf, -inf).tolist()
        self._half_life: list[list[float]] = np.full(border.shape, model.half_life_days).tolist()
        self._rate, self._model, self._content, self._rng = rate, model, content, rng

    def level(self, skill: int, day: float) -> float:
        """Return the share of the skill's components that is known."""
        known = sum(until > day for until in self._known_until[skill])
        return known / self._model.n_components

    def p_success(self, lesson: Lesson, day: float) -> float:
        """Return the mean over the module's components: 1 − slip where known, else guess."""
        share = self._known_share(lesson, day)
        return self._model.p_guess + (1.0 - self._model.p_slip - self._model.p_guess) * share

    def p_right(self, question: Question, day: float) -> float:
        """Return 1 − slip where the one component a question is about is known, else guess."""
        component = self._n_up_to(question.difficulty) - 1
        is_known = self._known_until[question.skill][component] > day
        return 1.0 - self._model.p_slip if is_known else self._model.p_guess

    def strain(self, lesson: Lesson, day: float) -> tuple[float, float]:
        """Return how much of a module is known already, and how much of what it builds on not."""
        bored = ramp(self._known_share(lesson, day), self._model.bored_from_share, 1.0)
        skill = lesson.skills[0][0]
        begins = self._window(lesson)[0]
        before = self._known_until[skill][max(begins - self._model.n_before, 0) : begins]
        lost = sum(until <= day for until in before) / len(before) if before else 0.0
        unready = 1.0 - readiness(self, lesson, day, self._content.readiness_span)
        return bored, max(lost, unready)

    def study(self, lesson: Lesson, day: float) -> None:
        """Learn components one after the other, and refresh those that are known."""
        ready = readiness(self, lesson, day, self._content.readiness_span)
        begins, ends = self._window(lesson)
        for (skill, _), effect in zip(lesson.skills, lesson.effects, strict=True):
            n_opportunities = self._model.n_opportunities * effect * self._rate
            for component in range(begins, ends):
                self._practise(skill, component, day, n_opportunities, ready)

    def _practise(
        self, skill: int, component: int, day: float, n_opportunities: float, ready: float
    ) -> None:
        until, model = self._known_until[skill], self._model
        if until[component] > day:
            self._half_life[skill][component] *= model.half_life_growth
            if until[component] < inf:
                until[component] = self._forgotten_on(skill, component, day)
            return
        follows = component == 0 or until[component - 1] > day
        p = model.p_learn * ready * (1.0 if follows else model.unready)
        if self._rng.random() < 1.0 - (1.0 - p) ** n_opportunities:
            until[component] = self._forgotten_on(skill, component, day)

    def _forgotten_on(self, skill: int, component: int, day: float) -> float:
        mean = self._half_life[skill][component] / log(2.0)
        return day + float(self._rng.exponential(mean))

    def _known_share(self, lesson: Lesson, day: float) -> float:
        """Return the share of the module's components that is known, skills by their shares."""
        begins, ends = self._window(lesson)
        return sum(
            share * sum(until > day for until in self._known_until[skill][begins:ends])
            for skill, share in lesson.skills
        ) / (ends - begins)

    def _window(self, lesson: Lesson) -> tuple[int, int]:
        """Return the first component the module is about, and the one after the last."""
        ends = self._n_up_to(lesson.difficulty)
        return max(floor(ends - self._model.window * self._model.n_components), 0), ends

    def _n_up_to(self, difficulty: float) -> int:
        n = self._model.n_components
        return min(max(round(difficulty * n), 1), n)
