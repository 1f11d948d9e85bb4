"""The account of personas: how they were found, what they do, or why there are none."""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_STATEMENTS = 5
OVERLAPPING = 0.3  # of the silhouette


def said_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield how personas were found and how far they can be relied on, or why there are none."""
    if document["reason"] is not None:
        yield f"No personas: {document['reason']}."
        return
    habits = [name for name, each in document["behaviours"].items() if each["is_habit"]]
    yield (
        f"{len(document['personas'])} personas of {document['n_learners']:,} learners who began "
        f"{document['fewest_begun']} modules or more, from what they do and never from who they "
        f"are. Habits that tell them apart: {', '.join(habits)}."
    )
    yield (
        f"Found again in resampled learners: {document['stability']:.2f} (adjusted Rand index; 1 "
        f"is the same division). Distinct: {document['silhouette']:.2f} (silhouette; under "
        f"{OVERLAPPING} they shade into each other)."
    )
    former = document["former"]
    if former is not None:
        yield (
            f"Beside version {former['version']}: {former['agreement']:.2f} (adjusted Rand index "
            f"on {former['n_learners']:,} learners); {former['n_kept']} keep their ids."
        )


def heading_of(persona: Mapping[str, Any]) -> str:
    """Return a persona's id, name and size."""
    return (
        f"{persona['persona_id']}  {persona['name']}: {persona['n_learners']:,} learners "
        f"({persona['share']:.0%})"
    )


def rows_of(persona: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the clearest statements about a persona, each with its interval."""
    clear = [each for each in persona["statements"] if each["is_clear"]]
    return [(each["text"], each["interval_text"]) for each in clear[:MOST_STATEMENTS]]


def figures_of(document: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures that are followed from training to training."""
    figures = {"n_personas": len(document["personas"]), "n_learners": document["n_learners"]}
    if document["reason"] is not None:
        return figures
    figures |= {name: document[name] for name in ("stability", "silhouette")}
    former = document["former"]
    return figures if former is None else figures | {"agreement": former["agreement"]}
