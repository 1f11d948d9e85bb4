"""The level model: what mastery is read with, as learned parameters and bound to a catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.ids import IdMap
from features.encode.level_scale import LearnerRoles, LevelScale


@dataclass(frozen=True, kw_only=True)
class LevelModel:
    """Learned parameters, modules and skills in the order of the snapshot.

    Attributes
    ----------
    role_ids
        Unicode, (n_roles,).
    difficulty, gain
        float64, (n_modules,), levels.
    is_asked, usual, usual_variance
        bool and float64, (n_roles + 1, n_skills + 1) and twice as many rows; see `LevelScale`.
    numbers
        float64, (10,): logits per level, variances (logits²) of the lead in all skills, of the
        further lead in skills asked for, of a skill not asked for and of one that is, half-life of
        gains in seconds (inf: none), share of them that stays, p_success where modules teach most,
        how narrowly, share of a gain that failing brings.
    usual_gain
        float64, (1,), levels: of modules not in the snapshot.
    """

    role_ids: NDArray[np.str_]
    difficulty: NDArray[np.float64]
    gain: NDArray[np.float64]
    is_asked: NDArray[np.bool_]
    usual: NDArray[np.float64]
    usual_variance: NDArray[np.float64]
    numbers: NDArray[np.float64]
    usual_gain: NDArray[np.float64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return every parameter by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LevelModel":
        """Rebuild the model from `to_arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def bind(
        self,
        module: NDArray[np.int32],
        skill: NDArray[np.int32],
        otherwise: NDArray[np.float64],
    ) -> "BoundLevels":
        """Put the parameters in the order of a catalogue.

        Parameters
        ----------
        module, skill
            int32, positions in the snapshot, −1 for newer ones; `skill` ends with "untagged".
        otherwise
            float64, (n_modules,), levels: difficulty of newer modules.
        """
        known, named = module >= 0, skill >= 0
        average = self.usual.mean(axis=1, keepdims=True)
        doubt = self.usual_variance.max(axis=1, keepdims=True)
        per_level, lead, further, plain, own, half_life, *shares = self.numbers.tolist()
        kept, learned_at, steepness, failed = shares
        scale = LevelScale(
            difficulty=np.where(known, np.append(self.difficulty, 0.0)[module], otherwise),
            gain=np.where(known, np.append(self.gain, 0.0)[module], self.usual_gain),
            # Taking columns lays tables out by column, and then every look at one copies it whole.
            is_asked=np.ascontiguousarray(named & self.is_asked[:, skill]),
            usual=np.ascontiguousarray(np.where(named, self.usual[:, skill], average)),
            usual_variance=np.ascontiguousarray(
                np.where(named, self.usual_variance[:, skill], doubt)
            ),
            logits_per_level=per_level,
            lead_variance=lead,
            role_lead_variance=further,
            skill_variance=np.array([plain, own]),
            half_life_seconds=half_life,
            kept_share=kept,
            learned_at=learned_at,
            steepness=steepness,
            failed_share=failed,
        )
        return BoundLevels(scale=scale, role_ids=IdMap(self.role_ids.tolist()))


@dataclass(frozen=True, kw_only=True)
class BoundLevels:
    """A level model in the order of one catalogue."""

    scale: LevelScale
    role_ids: IdMap

    def roles(
        self, role_ids: Sequence[str | None], goal_role_ids: Sequence[str | None]
    ) -> LearnerRoles:
        """Return the rows of learners' roles and goals."""
        return LearnerRoles(held=self._rows(role_ids), goal=self._rows(goal_role_ids))

    def _rows(self, role_ids: Sequence[str | None]) -> NDArray[np.int64]:
        other, index_of = len(self.role_ids), self.role_ids.index_of
        return np.array([index_of.get(name or "", other) for name in role_ids], dtype=np.int64)
