"""Where in a definition something stands, for errors and findings."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import FakeUsageError, told_by_message

__tracebackhide__ = told_by_message


class Place(NamedTuple):
    """A place in a definition; as text, `daily.json:12, object 'Load', field 'command'`.

    Attributes:
        file: as the user named it; None for a definition that is no file.
        line: counted from 1; None where there are none.
        object: the id of the object or parameter.
        field: the key of its field.
    """

    file: str | None = None
    line: int | None = None
    object: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        head = "the definition" if self.file is None else self.file
        if self.line is not None:
            head += f":{self.line}" if self.file is not None else f", line {self.line}"
        if self.object is not None:
            head += f", object {self.object!r}"
        if self.field is not None:
            head += f", field {self.field!r}"
        return head


def problem(place: Place, text: str) -> FakeUsageError:
    """The error that says what is wrong where."""
    return FakeUsageError(f"{place}: {text}")
