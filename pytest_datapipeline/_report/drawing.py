"""A graph from left to right: each node right of what goes before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._service.texts import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDTH, _HEIGHT = 190, 64
_GAP_X, _GAP_Y = 84, 20
_MARGIN = 12
_LETTERS = 24


@dataclass
class Shape:
    """A node where it is drawn.

    Attributes:
        style: the class of its form.
        below: a smaller line.
        sign, note: what became of it, if there is something to say.
    """

    id: str
    below: str
    style: str
    sign: str = ""
    note: str = ""
    x: float = 0
    y: float = 0
    width: float = _WIDTH
    height: float = _HEIGHT

    @property
    def label(self) -> str:
        return shorten(self.id, _LETTERS)


@dataclass
class Line:
    """An arrow where it is drawn; a dotted one has a label."""

    path: str
    label: str
    x: float
    y: float
    title: str


@dataclass
class Drawing:
    """A graph, as it is drawn."""

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def draw(shapes: Sequence[Shape], arrows: Iterable[tuple[str, str, str]]) -> Drawing:
    """Place the nodes of a graph, and the arrows between them: source, target and label."""
    known = {shape.id: shape for shape in shapes}
    arrows = [held for held in arrows if held[0] in known and held[1] in known]
    layers = _layers(list(known), [(source, target) for source, target, _ in arrows])
    before: dict[str, list[str]] = {name: [] for name in known}
    for source, target, _ in arrows:
        before[target].append(source)
    for number, layer in enumerate(layers):
        if number:
            # Near to what goes before, so that few arrows cross.
            layer.sort(key=lambda name: _mean([known[other].y for other in before[name]]))
        for place, name in enumerate(layer):
            shape = known[name]
            shape.x = _MARGIN + number * (_WIDTH + _GAP_X)
            shape.y = _MARGIN + place * (_HEIGHT + _GAP_Y)
    drawing = Drawing(
        max((shape.x + _WIDTH for shape in shapes), default=0) + _MARGIN,
        max((shape.y + _HEIGHT for shape in shapes), default=0) + _MARGIN,
        list(known.values()),
    )
    drawing.lines = [_line(known[source], known[target], label) for source, target, label in arrows]
    return drawing


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0


def _layers(names: list[str], arrows: list[tuple[str, str]]) -> list[list[str]]:
    """The nodes by the length of the longest way to them. Arrows that lead back do not count."""
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in arrows:
        after[source].append(target)
    order, back = _order(names, after)
    depth = dict.fromkeys(names, 0)
    for name in order:
        for target in after[name]:
            if (name, target) not in back:
                depth[target] = max(depth[target], depth[name] + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        layers[depth[name]].append(name)
    return layers


def _order(names: list[str], after: dict[str, list[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """The nodes in an order in which arrows lead on, and those arrows that do not."""
    finished: list[str] = []
    back: set[tuple[str, str]] = set()
    state: dict[str, int] = {}
    for root in names:
        if root in state:
            continue
        state[root] = 1
        path = [(root, iter(after[root]))]
        while path:
            name, targets = path[-1]
            target = next(targets, None)
            if target is None:
                path.pop()
                state[name] = 2
                finished.append(name)
            elif state.get(target) == 1:
                back.add((name, target))
            elif target not in state:
                state[target] = 1
                path.append((target, iter(after[target])))
    return finished[::-1], back


def _line(source: Shape, target: Shape, label: str) -> Line:
    leads_on = source.x < target.x
    x1 = source.x + (_WIDTH if leads_on else 0)
    x2 = target.x - (0 if leads_on else -_WIDTH)
    y1, y2 = source.y + _HEIGHT / 2, target.y + _HEIGHT / 2
    bend = (_GAP_X if leads_on else -_GAP_X) * 0.6
    path = f"M{x1:g},{y1:g} C{x1 + bend:g},{y1:g} {x2 - bend:g},{y2:g} {x2:g},{y2:g}"
    # Beside what the arrow leads to: other arrows leave from where it comes from.
    x, y = x2 - (_GAP_X / 2 if leads_on else -_GAP_X / 2), y2 - 5
    title = f"{target.id} {label or 'takes what comes from'} {source.id}"
    return Line(path, label, x, y, title)
