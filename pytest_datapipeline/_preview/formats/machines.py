"""A preview for programs: as JSON, and its graph in the language of Mermaid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..._service.definitions.catalog import ACTIVITY, DATA_NODE, PRECONDITION, RESOURCE
from ..._service.fields import timestamp

if TYPE_CHECKING:
    from ..graph import Graph
    from ..preview import Preview

# Each family has a form of its own: some readers see no colour.
_FORMS = {
    ACTIVITY: ("[", "]"),
    DATA_NODE: ("[(", ")]"),
    RESOURCE: ("{{", "}}"),
    PRECONDITION: ("{", "}"),
}


def as_json(preview: Preview) -> str:
    """The runs with all of their fields, in the order in which they begin to work."""
    found = {
        "definition": preview.title,
        "start": timestamp(preview.start),
        "end": timestamp(preview.end),
        "state": preview.state,
        "runs": [row.to_dict() for row in preview.rows],
        "alarms": [
            {"time": timestamp(at), "action": action, "instance": instance, "subject": subject}
            for at, action, instance, subject in preview.alarms
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def as_mermaid(preview: Preview) -> str:
    """The graph of the definition, as code hosts draw it."""
    return mermaid(preview.graph)


def mermaid(graph: Graph) -> str:
    """A flow chart: data goes along arrows, dotted ones say what else is needed."""
    names = {node.id: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        begin, end = _FORMS[node.family]
        lines.append(f'  {names[node.id]}{begin}"{_escaped(node.id)}<br/>{node.type}"{end}')
    for edge in graph.edges:
        arrow = f"-. {edge.label} .->" if edge.label else "-->"
        lines.append(f"  {names[edge.source]} {arrow} {names[edge.target]}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return "".join(
        letter if letter.isalnum() or letter in " _-./" else f"#{ord(letter)};" for letter in text
    )
