"""Personas: which of the segments of learners, discovered from behaviour, one is most like.

A learner's behaviours are means of what they did, drawn towards everybody's mean the less there is
of it, and put on common scales; a persona is a place among them. The probabilities are those of
equally wide normal clouds around the places.

References
----------
MacQueen, J. (1967). Some methods for classification and analysis of multivariate observations.
Efron, B. & Morris, C. (1977). Stein's paradox in statistics (drawing means together).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.personas import LearnerPersona
from features.encode.behaviour import Behaviours, Facets, find_facets, measure_behaviours
from features.encode.catalogue import CatalogueIndex
from features.encode.log import InteractionLog

MOST_DEVIATIONS = 3.0


@dataclass(frozen=True, kw_only=True)
class PersonaModel:
    """Learned parameters; d behaviours, k personas.

    Attributes
    ----------
    behaviours
        Unicode, (d,).
    usual, worth, spread, weight
        float64, (d,): everybody's mean; how many observations that counts for; the standard
        deviation of learners; and the part of the behaviour in the distance between learners.
    places
        float64, (k, d), the largest persona first.
    numbers
        float64, (3,): the width of the clouds, the difficulty from which a module is hard, and the
        fewest modules begun of a learner who is given a persona.
    """

    behaviours: NDArray[np.str_]
    usual: NDArray[np.float64]
    worth: NDArray[np.float64]
    spread: NDArray[np.float64]
    weight: NDArray[np.float64]
    places: NDArray[np.float64]
    numbers: NDArray[np.float64]

    def to_lists(self) -> dict[str, Any]:
        """Return every parameter by name, ready for JSON."""
        return {field.name: getattr(self, field.name).tolist() for field in fields(self)}

    @classmethod
    def from_lists(cls, lists: Mapping[str, Any]) -> "PersonaModel":
        """Rebuild the model from `to_lists`."""
        words = np.array(lists["behaviours"], dtype=np.str_)
        numbers = {
            field.name: np.array(lists[field.name], dtype=np.float64)
            for field in fields(cls)
            if field.name != "behaviours"
        }
        return cls(behaviours=words, **numbers)

    def facets(self, index: CatalogueIndex) -> Facets:
        """Return what the behaviours look at in a catalogue."""
        return find_facets(index, self.behaviours.tolist(), float(self.numbers[1]))

    def is_enough(self, measured: Behaviours) -> NDArray[np.bool_]:
        """Tell of which learners enough is known, bool, (n_learners,)."""
        return np.asarray(measured.n_begun >= self.numbers[2])

    def coordinates(self, measured: Behaviours) -> NDArray[np.float64]:
        """Return where learners stand among the places, float64, (n_learners, d)."""
        deviations = deviations_of(measured, self.usual, self.worth, self.spread)
        return np.asarray(deviations * self.weight)

    def p_personas(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each persona, float64, (n_learners, k)."""
        apart = coordinates[:, None, :] - self.places[None, :, :]
        # A product by BLAS would differ in the last bit with what other rows come along.
        nearness = -np.einsum("ijk,ijk->ij", apart, apart) / (2.0 * self.numbers[0] ** 2)
        likely = np.exp(nearness - nearness.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def deviations_of(
    measured: Behaviours,
    usual: NDArray[np.float64],
    worth: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return by how many standard deviations learners differ from the usual, (n_learners, d).

    What is known of a learner counts beside `worth` observations of the usual; 0 where nothing is.
    """
    mean = (measured.total + worth * usual) / (measured.count + worth)
    return np.clip((mean - usual) / spread, -MOST_DEVIATIONS, MOST_DEVIATIONS)


@dataclass(frozen=True, kw_only=True)
class BoundPersonas:
    """Personas and a catalogue; `ids` and `names` in the order of the places."""

    model: PersonaModel
    facets: Facets
    ids: tuple[str, ...]
    names: tuple[str, ...]

    def persona_of(self, log: InteractionLog) -> LearnerPersona | None:
        """Return the persona of the one learner of `log`; None while too little is known."""
        measured = measure_behaviours(log, self.facets)
        if not self.model.is_enough(measured)[0]:
            return None
        p_personas = self.model.p_personas(self.model.coordinates(measured))[0]
        most = int(np.argmax(p_personas))
        return LearnerPersona(
            persona_id=self.ids[most], name=self.names[most], p=float(p_personas[most])
        )


def bind_personas(described: Mapping[str, Any], index: CatalogueIndex) -> BoundPersonas | None:
    """Bind the personas of a snapshot to a catalogue; None where it has none.

    Parameters
    ----------
    described
        What the snapshot's manifest says of personas: `model`, and ids and names.
    index
        The catalogue.
    """
    if described.get("model") is None:
        return None
    model = PersonaModel.from_lists(described["model"])
    personas = described["personas"]
    return BoundPersonas(
        model=model,
        facets=model.facets(index),
        ids=tuple(each["persona_id"] for each in personas),
        names=tuple(each["name"] for each in personas),
    )
