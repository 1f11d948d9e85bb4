"""Checks of values and relations, each failing with a named error that says where."""

from collections.abc import Iterable, Mapping, Sequence

from features.domain.errors import CycleError


def require_storable(text: str) -> str:
    """Return `text`, or refuse characters that a database or UTF-8 cannot keep.

    Raises
    ------
    ValueError
        If it holds U+0000 or half of a surrogate pair.
    """
    if "\x00" in text:
        raise ValueError("it must not contain the NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it must not contain half of a surrogate pair")
    return text


def find_cycle(successors: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return one loop of a directed graph, first node repeated at the end; empty if there is none.

    Parameters
    ----------
    successors
        Node → the nodes its edges point to.

    Notes
    -----
    Depth-first search with three colours, iterative so that long chains do not exhaust the stack.
    """
    finished: set[str] = set()
    for root in successors:
        if root in finished:
            continue
        path: list[str] = [root]
        on_path = {root}
        iterators = [iter(successors.get(root, ()))]
        while iterators:
            following = next(iterators[-1], None)
            if following is None:
                iterators.pop()
                node = path.pop()
                on_path.discard(node)
                finished.add(node)
            elif following in on_path:
                return (*path[path.index(following) :], following)
            elif following not in finished:
                path.append(following)
                on_path.add(following)
                iterators.append(iter(successors.get(following, ())))
    return ()


def require_acyclic(edges: Sequence[tuple[str, str]], relation: str) -> None:
    """Refuse a relation that loops.

    Parameters
    ----------
    edges
        (from, to) pairs.
    relation
        What the relation is called in the error.

    Raises
    ------
    CycleError
        With the loop spelled out.
    """
    successors: dict[str, list[str]] = {}
    for source, target in edges:
        successors.setdefault(source, []).append(target)
    cycle = find_cycle(successors)
    if cycle:
        raise CycleError(f"{relation} form a loop: {' → '.join(cycle)}. Remove one of these links.")
