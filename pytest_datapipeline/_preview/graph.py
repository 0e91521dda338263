"""How the objects of a definition hang together: what a picture of it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._service.definitions.catalog import ACTIVITY, DATA_NODE, PRECONDITION, RESOURCE, family_of

if TYPE_CHECKING:
    from .._service.definitions.definition import Definition

_DRAWN = (ACTIVITY, DATA_NODE, RESOURCE, PRECONDITION)


class Node(NamedTuple):
    """An object that runs, or on which something runs."""

    id: str
    type: str
    family: str


class Edge(NamedTuple):
    """An arrow from what comes first to what needs it. `label` is the field, if it is no data."""

    source: str
    target: str
    label: str


class Graph(NamedTuple):
    """The objects that run, and what goes before what."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph_of(definition: Definition) -> Graph:
    """The picture of a definition."""
    nodes = tuple(
        Node(held.id, definition.type_of(held.id) or "", family)
        for held in definition.by_id.values()
        if (family := family_of(definition.type_of(held.id) or "") or "") in _DRAWN
    )
    known = {node.id for node in nodes}
    edges: dict[Edge, None] = {}
    for node in nodes:
        fields = definition.resolved(node.id)
        for key in ("dependsOn", "input", "precondition", "runsOn"):
            if key == "input" and node.family != ACTIVITY:
                continue
            label = "" if key == "input" else key
            for other in fields.refs(key):
                if other in known and other != node.id:
                    edges[Edge(other, node.id, label)] = None
        if node.family == ACTIVITY:
            for other in fields.refs("output"):
                if other in known:
                    edges[Edge(node.id, other, "")] = None
    return Graph(nodes, tuple(edges))
