"""References that lead back to where they started."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from ...texts import shorten
from .texts import own_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAXIMUM_CYCLE_SHOWN = 20


def cycles(graph: dict[str, list[str]], field: str) -> Iterator[tuple[str, str]]:
    """A finding for each node of a cycle. Of cycles that share nodes, the first one alone.

    `graph` holds the nodes that each one refers to by `field`.
    """
    place = {node: number for number, node in enumerate(graph)}
    remaining = _with_cycles(graph)
    while (cycle := _cycle(remaining)) is not None:
        first = cycle.index(min(cycle, key=place.__getitem__))
        text = own_text("cycle", field=field, cycle=_shown([*cycle[first:], *cycle[: first + 1]]))
        for node in cycle:
            yield node, text
        found = set(cycle)
        remaining = {
            node: [other for other in others if other not in found]
            for node, others in remaining.items()
            if node not in found
        }


def _with_cycles(graph: dict[str, list[str]]) -> dict[str, list[str]]:
    """The graph without what cannot be part of a cycle, because it refers to nothing, or to
    nothing else: of most definitions, all. The sorter would take ten times as long.
    """
    left = {node: len(others) for node, others in graph.items()}
    referring: dict[str, list[str]] = {}
    for node, others in graph.items():
        for other in others:
            referring.setdefault(other, []).append(node)
    ends = [node for node, count in left.items() if not count]
    while ends:
        for node in referring.get(ends.pop(), ()):
            left[node] -= 1
            if not left[node]:
                ends.append(node)
    return {
        node: [other for other in others if left[other]]
        for node, others in graph.items()
        if left[node]
    }


def _cycle(graph: dict[str, list[str]]) -> list[str] | None:
    """The nodes of one cycle, each of which refers to the next; None if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # To the sorter each node is the one after needs, and the last is the first again.
        nodes: list[str] = error.args[1]
        return nodes[:0:-1]
    return None


def _shown(cycle: list[str]) -> str:
    # The text is repeated for each object of the circle: whole, a long one would make megabytes.
    if len(cycle) > MAXIMUM_CYCLE_SHOWN:
        cycle = [*cycle[: MAXIMUM_CYCLE_SHOWN // 2], "...", *cycle[-MAXIMUM_CYCLE_SHOWN // 2 :]]
    return " -> ".join(shorten(name) for name in cycle)
