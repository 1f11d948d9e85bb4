"""What is really so: known to tests and simulations, never written into a history folder."""

from dataclasses import dataclass

from features.encode.ids import IdMap
from training.academy.behaviour import Simulation
from training.academy.crowd import Crowd
from training.academy.model import Floats, LearnerModel
from training.academy.world import World


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The truth behind an academy.

    Attributes
    ----------
    learner_ids
        Order of the learners.
    model
        How they learn, succeed and forget.
    world
        Modules and skills in order, true difficulty, gain and attraction of the modules.
    crowd
        True traits of the learners and their levels when the simulation began.
    simulation
        All episodes with true levels and probabilities, and the state of the learners now.
    """

    learner_ids: IdMap
    model: LearnerModel
    world: World
    crowd: Crowd
    simulation: Simulation

    @property
    def module_ids(self) -> IdMap:
        """Order of the modules: content, then questions."""
        return self.world.module_ids

    @property
    def skill_ids(self) -> IdMap:
        """Order of the skills; areas are not among them."""
        return self.world.skill_ids

    @property
    def level(self) -> Floats:
        """True levels now, float64, (n_learners, n_skills), in [0,1]."""
        return self.simulation.state.level

    @property
    def difficulty(self) -> Floats:
        """True difficulty of the modules, float64, (n_modules,), in [0,1]."""
        return self.world.truth.difficulty

    @property
    def gain(self) -> Floats:
        """True gain of each module in each skill, float64, (n_modules, n_skills)."""
        return self.world.truth.gain

    def p_success(self) -> Floats:
        """Return everyone's true probability of success now, float64, (n_learners, n_modules)."""
        level = self.level @ self.world.truth.modules_by_skills.T
        return self.model.p_success(level, self.difficulty)
