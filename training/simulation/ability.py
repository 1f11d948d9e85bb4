"""The IRT-like learner: ability moves continuously, and what was gained fades by a power."""

from collections.abc import Sequence
from math import exp, log

from training.simulation.minds import ramp, readiness
from training.simulation.offer import Lesson
from training.simulation.parameters import AbilityModel, Content
from training.simulation.questions import Question

LOGIT_OF_MASTERY = log(3.0)


class AbilityMind:
    """A learner whose levels are real numbers; see `AbilityModel` for the sources.

    Parameters
    ----------
    levels
        First levels by skill; they stay.
    rate
        Factor on what is learned.
    model, content
        The truth of all learners and of all modules.
    """

    def __init__(
        self, levels: Sequence[float], rate: float, model: AbilityModel, content: Content
    ) -> None:
        self._base = list(levels)
        self._gained = [0.0] * len(levels)
        self._at = [0.0] * len(levels)
        self._fade_days = [model.fade_days] * len(levels)
        self._rate, self._model, self._content = rate, model, content
        self._best_logit = log(model.best_p / (1.0 - model.best_p))

    def level(self, skill: int, day: float) -> float:
        """Return the true level in a skill, in [0,1]."""
        return min(self._base[skill] + self._left(skill, day), 1.0)

    def p_success(self, lesson: Lesson, day: float) -> float:
        """Return the logistic of level − difficulty; .75 where they are equal."""
        return 1.0 / (1.0 + exp(-self._logit(lesson, day)))

    def p_right(self, question: Question, day: float) -> float:
        """Return the same logistic for the one skill of a question."""
        ahead = self.level(question.skill, day) - question.difficulty
        return 1.0 / (1.0 + exp(-self._model.slope * ahead - LOGIT_OF_MASTERY))

    def strain(self, lesson: Lesson, day: float) -> tuple[float, float]:
        """Return how far a module bores and how far it is over the learner's head, in [0,1]."""
        p, model = self.p_success(lesson, day), self._model
        bored = ramp(p, model.bored_from_p, model.bored_at_p)
        lost = ramp(-p, -model.lost_from_p, -model.lost_at_p)
        unready = 1.0 - readiness(self, lesson, day, self._content.readiness_span)
        return bored, max(lost, unready)

    def study(self, lesson: Lesson, day: float) -> None:
        """Raise levels: most where success is about `best_p`, less without prerequisites."""
        model = self._model
        off = (self._logit(lesson, day) - self._best_logit) / model.match_width
        ready = readiness(self, lesson, day, self._content.readiness_span)
        rise = model.rise * self._rate * exp(-off * off) * ready
        for (skill, _), effect in zip(lesson.skills, lesson.effects, strict=True):
            self._gained[skill] = self._left(skill, day) + rise * effect
            self._at[skill] = day
            self._fade_days[skill] *= model.fade_growth

    def _logit(self, lesson: Lesson, day: float) -> float:
        level = sum(share * self.level(skill, day) for skill, share in lesson.skills)
        return self._model.slope * (level - lesson.difficulty) + LOGIT_OF_MASTERY

    def _left(self, skill: int, day: float) -> float:
        gained = self._gained[skill]
        if gained == 0.0:
            return 0.0
        passed = (day - self._at[skill]) / self._fade_days[skill]
        return float(gained * (1.0 + passed) ** -self._model.fade_power)
