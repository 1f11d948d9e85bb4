"""What a learner's record says of success: logistic, corrected by trees, linear in difficulty.

log odds = constant + Σ coefficient·signal + trees(signals that are not difficulty)
           + c_difficulty·b + c_margin·a·(ability − b),  a = attenuation(variance of ability)
           + sequel(module attempted just before, its outcome; module)

They predict what learners do on the paths of the histories. Mastery is read off the level model
(`level_model.py`), and p_success as served lies between the two (`mastery.py`).

References
----------
Gervet, T. et al. (2020). When is deep learning the best approach to knowledge tracing? (signals)
Choffin, B. et al. (2019). DAS3H (counters over skills, windows)
Pavlik, P. et al. (2009). Performance factors analysis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import attenuation
from features.encode.attempts import EvidenceLog, tabulate, tabulate_in_chunks
from features.encode.ids import IdMap
from features.encode.level_scale import LearnerRoles
from features.encode.levels import read_levels
from features.encode.log import InteractionLog
from features.encode.reliability import Reliability, assumed_reliability
from features.encode.signals import (
    LEARNER_SIGNALS,
    MODULE_SIGNALS,
    SKILL_SIGNALS,
    STATE_SIGNALS,
    below,
    encode_attempts,
)
from features.encode.skills import ModuleSkillIndex
from features.encode.state import LearnerStates, states_of
from features.encode.tallies import Yardstick
from features.encode.words import ModuleWords, no_words
from features.score.level_model import BoundLevels, LevelModel
from features.score.prior import DifficultyPrior, skill_shares
from features.score.sequels import Sequels, no_sequels
from features.score.skill_sets import SkillSets, find_sets
from features.score.trees import Trees

N_STATE = len(STATE_SIGNALS)
DIFFICULTY, MARGIN = N_STATE, N_STATE + 1  # columns

_LEARNER = slice(0, len(LEARNER_SIGNALS))
_SKILL = slice(_LEARNER.stop, _LEARNER.stop + len(SKILL_SIGNALS))
_WEAKEST = _SKILL.stop
_MODULE = slice(N_STATE - len(MODULE_SIGNALS), N_STATE)

_TREES, _PRIOR, _SEQUELS, _LEVELS = "trees.", "prior.", "sequels.", "levels."
_RELIABILITY = "reliability."
_PARTS = ("prior", "trees", "sequels", "levels", "reliability")
_LAST = LEARNER_SIGNALS.index("learner_last")


@dataclass(frozen=True, kw_only=True)
class SuccessModel:
    """Learned parameters, in the order of the snapshot's own modules and skills.

    Attributes
    ----------
    module_ids, skill_ids
        Unicode, (n_modules,) and (n_skills,).
    difficulty
        float64, (n_modules,), logits.
    mean_grade
        float64, (n_modules,), in [0,1].
    grade_line
        float64, (2,): mean grade of other modules = first + second · σ(−difficulty).
    gain, gain_standard_error
        float64, (n_modules,), logits of ability in the module's skills that one completion adds.
    gain_by_skill
        float64, (n_skills + 1,): what is expected of modules not in the snapshot.
    prior
        Difficulty of modules not in the snapshot.
    skill_offset
        float64, (n_skills + 1,), logits; see `Yardstick`.
    scale
        float64, (5,): logits a level, level of zero, variance of ability between learners and
        between skills, half-life of evidence in seconds (inf: none).
    coefficient
        float64, (len(SIGNALS),), and `constant`: on raw signals.
    trees
        Corrections of the log odds from the first `len(STATE_SIGNALS)` signals.
    sequels
        What the attempt just before says of the module; pairs of positions in `module_ids`.
    levels
        What mastery is read with.
    reliability
        What direct judgements are worth.
    """

    module_ids: NDArray[np.str_]
    skill_ids: NDArray[np.str_]
    difficulty: NDArray[np.float64]
    mean_grade: NDArray[np.float64]
    grade_line: NDArray[np.float64]
    gain: NDArray[np.float64]
    gain_standard_error: NDArray[np.float64]
    gain_by_skill: NDArray[np.float64]
    skill_offset: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficient: NDArray[np.float64]
    constant: float
    prior: DifficultyPrior
    trees: Trees
    levels: LevelModel
    sequels: Sequels = field(default_factory=no_sequels)
    reliability: Reliability = field(default_factory=assumed_reliability)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return every parameter as an array of numbers or unicode, by name."""
        own = {
            one.name: np.asarray(getattr(self, one.name))
            for one in fields(self)
            if one.name not in _PARTS
        }
        prior = {
            f"{_PRIOR}{one.name}": np.asarray(getattr(self.prior, one.name))
            for one in fields(self.prior)
        }
        trees = {f"{_TREES}{name}": array for name, array in self.trees.to_arrays().items()}
        sequels = {f"{_SEQUELS}{name}": part for name, part in self.sequels.to_arrays().items()}
        levels = {f"{_LEVELS}{name}": array for name, array in self.levels.to_arrays().items()}
        judges = self.reliability.to_arrays()
        reliability = {f"{_RELIABILITY}{name}": array for name, array in judges.items()}
        return own | prior | trees | sequels | levels | reliability

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "SuccessModel":
        """Rebuild the model from `to_arrays`."""
        own = {
            one.name: arrays[one.name]
            for one in fields(cls)
            if one.name not in (*_PARTS, "constant")
        }
        prior = _part(arrays, _PRIOR)
        return cls(
            **own,
            constant=float(arrays["constant"]),
            prior=DifficultyPrior(
                intercept=float(prior["intercept"]),
                logits_per_level=float(prior["logits_per_level"]),
                mean_level=float(prior["mean_level"]),
                skill_effect=prior["skill_effect"],
                word_effect=prior["word_effect"],
            ),
            trees=Trees.from_arrays(_part(arrays, _TREES)),
            sequels=Sequels.from_arrays(_part(arrays, _SEQUELS)),
            levels=LevelModel.from_arrays(_part(arrays, _LEVELS)),
            reliability=Reliability(**_part(arrays, _RELIABILITY)),
        )

    def bind(self, index: ModuleSkillIndex, words: ModuleWords | None = None) -> "BoundSuccess":
        """Put the parameters in the order of a catalogue; done once per catalogue revision.

        Parameters
        ----------
        index
            Modules and skills of the catalogue, in any order, known to the snapshot or not.
        words
            What describes the modules; for those the snapshot does not know.
        """
        words = no_words(len(index.module_ids)) if words is None else words
        module = IdMap(self.module_ids.tolist()).positions(index.module_ids)
        own_skill = IdMap(self.skill_ids.tolist()).positions(index.skill_ids)
        skill = np.append(own_skill, len(self.skill_ids))
        prior = DifficultyPrior(
            intercept=self.prior.intercept,
            logits_per_level=self.prior.logits_per_level,
            mean_level=self.prior.mean_level,
            skill_effect=_placed(self.prior.skill_effect, skill, 0.0),
            word_effect=self.prior.word_effect,
        )
        difficulty = _known(self.difficulty, module, prior.difficulty(index, words))
        typical = self.grade_line[0] + self.grade_line[1] / (1.0 + np.exp(difficulty))
        mean_gain = float(np.mean(self.gain_by_skill))
        by_skill = _placed(self.gain_by_skill, skill, mean_gain)
        gain = _known(self.gain, module, skill_shares(index) @ by_skill)
        per_level, zero, between, within, half_life = self.scale.tolist()
        yardstick = Yardstick(
            difficulty=difficulty,
            mean_grade=_known(self.mean_grade, module, np.clip(typical, 0.0, 1.0)),
            gain=gain,
            skill_offset=_placed(self.skill_offset, skill, 0.0),
            logits_per_level=per_level,
            level_of_zero=zero,
            ability_variance=between,
            skill_variance=within,
            half_life_seconds=half_life,
        )
        own_module = index.module_ids.positions(self.module_ids.tolist())
        on_scale = zero + (difficulty + skill_shares(index) @ yardstick.skill_offset) / per_level
        authored = np.where(np.isnan(index.difficulty), on_scale, index.difficulty)
        return BoundSuccess(
            model=self,
            index=index,
            yardstick=yardstick,
            sets=find_sets(index),
            sequels=self.sequels.placed(own_module),
            levels=self.levels.bind(module, skill, np.clip(authored, 0.0, 1.0)),
        )

    def logits(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log odds for rows of `SIGNALS`, sequels left out."""
        # A product by BLAS would differ in the last bit with what other rows come along.
        linear = np.einsum("ij,j->i", columns, self.coefficient) + self.constant
        return np.asarray(linear + self.trees.predict(columns[:, :N_STATE]))


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Log odds, (n_learners, n_sets), as lines in difficulty: level − slope · difficulty."""

    level: NDArray[np.float64]
    slope: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BoundSuccess:
    """A success model in the order of one catalogue's modules and skills."""

    model: SuccessModel
    index: ModuleSkillIndex
    yardstick: Yardstick
    sets: SkillSets
    sequels: Sequels
    levels: BoundLevels

    @cached_property
    def gain_of_pairs(self) -> NDArray[np.float64]:
        """What one completion adds to the skill of each pair at best, float64, (n_pairs,)."""
        return np.asarray(self.levels.scale.gain[self.index.module] * self.index.weight)

    def predict_attempts(
        self, log: InteractionLog, evidence: EvidenceLog | None = None
    ) -> NDArray[np.float64]:
        """Return log odds of success for every row of `log`, each from strictly earlier rows.

        Parameters
        ----------
        log
            Any number of learners; modules in the order of the index.
        evidence
            Direct judgements of the same learners.

        Returns
        -------
        ndarray
            float64, (n_rows,); NaN for rows that are no attempt.
        """
        logits = np.full(len(log), np.nan)
        for rows, table in tabulate_in_chunks(log, self.index, evidence, self.model.reliability):
            encoded = encode_attempts(table, self.yardstick)
            logits[rows.start + table.log_row[table.is_attempt]] = self.model.logits(
                encoded.columns
            ) + self.sequels.added(encoded.previous, encoded.module, encoded.previous_succeeded)
        return logits

    def learner_states(
        self,
        log: InteractionLog,
        at_seconds: NDArray[np.float64],
        evidence: EvidenceLog | None = None,
        roles: LearnerRoles | None = None,
    ) -> LearnerStates:
        """Return what is known of the n learners of `log`, each at an instant, all rows being past.

        Parameters
        ----------
        at_seconds
            float64, (n,).
        evidence, roles
            Of the same learners, roles as `levels.roles` finds them; none where absent.
        """
        nobody = [None] * log.n_learners
        roles = roles or self.levels.roles(nobody, nobody)
        table = tabulate(log, self.index, evidence, self.model.reliability)
        levels = read_levels(table, self.levels.scale, roles, at_seconds)
        return states_of(table, self.yardstick, at_seconds, levels)

    def log_odds(self, states: LearnerStates) -> NDArray[np.float64]:
        """Return the log odds of success at each module by the record, (n_learners, n_modules)."""
        sets = self.sets
        if len(sets.of_module) == 0:
            return np.zeros((len(states), 0))
        corrections, own = self._corrections(states, sets)
        lines = self._lines(states, sets, corrections)
        logits = lines.level.take(sets.of_module, axis=1)
        logits -= lines.slope.take(sets.of_module, axis=1) * self.yardstick.difficulty
        own += states.module_signals @ self.model.coefficient[_MODULE]
        logits[states.tried_by, states.tried] += own
        if len(self.sequels):
            self._add_sequels(logits, states)
        return logits

    def _lines(
        self, states: LearnerStates, sets: SkillSets, corrections: NDArray[np.float64]
    ) -> Lines:
        """Return the log odds of a never tried module with each set of skills."""
        coefficient = self.model.coefficient
        told = states.told
        read = np.array((told.ability, told.variance, told.signals @ coefficient[_SKILL]))
        by_skill = read.take(states.place, axis=1)
        ability, variance, level = sets.mean(by_skill)
        margin = coefficient[MARGIN] * attenuation(variance)
        level += self.model.constant + (states.learner @ coefficient[_LEARNER])[:, None]
        level += coefficient[_WEAKEST] * below(sets.least(by_skill[0]), ability)
        level += corrections + margin * ability
        return Lines(level=level, slope=margin - coefficient[DIFFICULTY])

    def _add_sequels(self, logits: NDArray[np.float64], states: LearnerStates) -> None:
        succeeded = states.learner[:, _LAST] > 0.0
        for row in (states.previous >= 0).nonzero()[0].tolist():
            pairs = self.sequels.after(int(states.previous[row]))
            logits[row, self.sequels.then[pairs]] += self.sequels.effect[pairs, int(succeeded[row])]

    def _corrections(
        self, states: LearnerStates, sets: SkillSets
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ask the trees about each set, and about the modules that were tried.

        Of all sets of which a learner showed nothing, one is asked about.

        Returns
        -------
        tuple
            What is added to the log odds of a never tried module with each set, (n_learners,
            n_sets), and what is added further for each module tried, as `states.tried`.
        """
        n = len(states)
        corrections = np.zeros((n, len(sets)))
        if len(self.model.trees) == 0:
            return corrections, np.zeros(len(states.tried))
        touched = sets.any(states.is_touched)
        learner, chosen = touched.nonzero()
        first = touched.argmin(axis=1)  # untouched, where there is one
        tried = sets.of_module[states.tried]
        signals = _signals(
            states,
            sets,
            np.concatenate((learner, np.arange(n), states.tried_by)),
            np.concatenate((chosen, first, tried)),
        )
        k = len(learner) + n
        signals[k:, _MODULE] = states.module_signals
        told = self.model.trees.predict(signals)
        corrections[:] = told[len(learner) : k, None]
        corrections[learner, chosen] = told[: len(learner)]
        return corrections, told[k:] - corrections[states.tried_by, tried]


def _signals(
    states: LearnerStates,
    sets: SkillSets,
    learner: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the state signals of never tried modules, one row a learner and set of skills."""
    entries, indptr = sets.take(chosen)
    starts = indptr[:-1]
    of, skill, share = learner.repeat(np.diff(indptr)), sets.skill[entries], sets.share[entries]
    signals = np.zeros((len(chosen), N_STATE))
    signals[:, _LEARNER] = states.learner[learner]
    at = states.place[of, skill]
    by_skill, ability = share[:, None] * states.told.signals[at], states.told.ability[at]
    np.add.reduceat(by_skill, starts, axis=0, out=signals[:, _SKILL])
    mean = np.add.reduceat(share * ability, starts)
    signals[:, _WEAKEST] = below(np.minimum.reduceat(ability, starts), mean)
    return signals


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _placed(
    values: NDArray[np.float64], position: NDArray[np.int32], absent: float
) -> NDArray[np.float64]:
    return np.where(position >= 0, values[position], absent)


def _known(
    values: NDArray[np.float64], position: NDArray[np.int32], otherwise: NDArray[np.float64]
) -> NDArray[np.float64]:
    if len(values) == 0:
        return otherwise
    return np.where(position >= 0, values[position], otherwise)
