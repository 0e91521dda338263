"""Parts of messages: long texts cut short, and names that were probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def shorten(text: str, longest: int = 60) -> str:
    """`text` with its middle left out if it is long."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 13]}...{text[-10:]}"


def did_you_mean(value: str, candidates: Iterable[str], alike: float = 0.5) -> str:
    """The sentence that suggests the candidate nearest to `value`, or an empty string if none is as
    much alike, from 0 to 1.
    """
    import difflib  # only where something went wrong: every run of pytest loads this module

    near = difflib.get_close_matches(value, list(candidates), n=1, cutoff=alike)
    return f" Did you mean {near[0]!r}?" if near else ""


def counted(number: int, what: str) -> str:
    """So many of something, such as "1 call" and "2 calls"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(names: Sequence[str], most: int = 20) -> str:
    """The first names, and how many more there are; "none" if there is none."""
    if not names:
        return "none"
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
