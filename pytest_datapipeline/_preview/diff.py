"""What a change of a definition changes in what runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._service.fields import timestamp
from .preview import shown

if TYPE_CHECKING:
    from .preview import Preview, Ran


@dataclass
class Changed:
    """A run that both definitions have, and what differs: name, before, after."""

    before: Ran
    after: Ran
    differences: list[tuple[str, Any, Any]]

    @property
    def is_moved(self) -> bool:
        """Whether it runs at another time."""
        return any(name in _TIMES for name, _, _ in self.differences)


@dataclass
class Difference:
    """What differs between two previews."""

    before: Preview
    after: Preview
    added: list[Ran] = field(default_factory=list)
    gone: list[Ran] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)


_TIMES = ("scheduled", "started", "ended")


def difference(before: Preview, after: Preview) -> Difference:
    """What the second preview has otherwise than the first.

    Runs of one object and one scheduled start are the same run; of the others, the first of an
    object is the first, and so on: their schedule was moved.
    """
    found = Difference(before, after)
    old, new = _by_component(before), _by_component(after)
    for component in dict.fromkeys((*old, *new)):
        pairs, gone, added = _paired(old.get(component, []), new.get(component, []))
        found.gone += gone
        found.added += added
        for one, other in pairs:
            differences = _differences(one, other)
            if differences:
                found.changed.append(Changed(one, other, differences))
    return found


def _by_component(preview: Preview) -> dict[str, list[Ran]]:
    found: dict[str, list[Ran]] = {}
    for row in preview.rows:
        found.setdefault(row.component, []).append(row)
    return found


def _paired(old: list[Ran], new: list[Ran]) -> tuple[list[tuple[Ran, Ran]], list[Ran], list[Ran]]:
    at = {row.scheduled_start: row for row in new}
    pairs = [(row, at.pop(row.scheduled_start)) for row in old if row.scheduled_start in at]
    taken = {id(row) for pair in pairs for row in pair}
    old_left = [row for row in old if id(row) not in taken]
    new_left = [row for row in new if id(row) not in taken]
    moved = list(zip(old_left, new_left, strict=False))
    return [*pairs, *moved], old_left[len(moved) :], new_left[len(moved) :]


def _differences(before: Ran, after: Ran) -> list[tuple[str, Any, Any]]:
    compared = [
        ("scheduled", timestamp(before.scheduled_start), timestamp(after.scheduled_start)),
        ("started", shown(before.begun), shown(after.begun)),
        ("ended", shown(before.ended), shown(after.ended)),
        ("type", before.type, after.type),
        ("on", before.on or None, after.on or None),
        ("status", before.status, after.status),
        ("attempts", len(before.attempts), len(after.attempts)),
    ]
    keys = dict.fromkeys((*before.fields, *after.fields))
    compared += [(key, before.fields.get(key), after.fields.get(key)) for key in keys]
    return [held for held in compared if held[1] != held[2]]


def diff_as_text(found: Difference) -> str:
    """What is gone (-), added (+), moved in time (>) and otherwise changed (~)."""
    lines = [f"--- {found.before.title}", f"+++ {found.after.title}", ""]
    lines += [f"- {_named(row)}" for row in found.gone]
    lines += [f"+ {_named(row)}{_telling(row)}" for row in found.added]
    for held in found.changed:
        lines.append(f"{'>' if held.is_moved else '~'} {_named(held.after)}")
        for name, before, after in held.differences:
            lines.append(f"    {name}: {_value(before)} -> {_value(after)}")
    moved = sum(held.is_moved for held in found.changed)
    counts = (
        (len(found.gone), "gone"),
        (len(found.added), "added"),
        (moved, "moved in time"),
        (len(found.changed) - moved, "otherwise changed"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    if len(lines) > 3:
        lines.append("")
    lines.append(f"Runs: {told or 'none differ'}.")
    return "\n".join(lines)


def diff_as_json(found: Difference) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "before": found.before.title,
            "after": found.after.title,
            "gone": [row.to_dict() for row in found.gone],
            "added": [row.to_dict() for row in found.added],
            "changed": [
                {
                    "component": held.after.component,
                    "before": held.before.id,
                    "after": held.after.id,
                    "moved": held.is_moved,
                    "differences": {
                        name: {"before": before, "after": after}
                        for name, before, after in held.differences
                    },
                }
                for held in found.changed
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _named(row: Ran) -> str:
    return f"{row.component} of {timestamp(row.scheduled_start)}"


def _telling(row: Ran) -> str:
    return f": {row.telling}" if row.telling else ""


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)
