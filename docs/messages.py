"""Makes docs/messages.md from the catalog of messages.

python docs/messages.py [--check]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generated import write

from pytest_datapipeline._messages.catalog import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_datapipeline._messages.catalog import Message

FOLDER = Path(__file__).parent
PAGE = FOLDER / "messages.md"

_HEAD = """# Messages

The messages that a test meets most, with their cause and remedy. In a test's output, the last line of each
names the command that tells the same in a terminal; its last word is the heading on this page:

```text
Help: pytest-datapipeline explain nobody-moves-time
```

The command knows the [rules for runners](contract.md), the [advice on definitions](advice.md) and the
[settings](reference/settings.md) as well, and lists all ids if it is given none. `...` stands for what differs from test to test. A message in full says
more: names, values, the last calls. Errors of the service itself are AWS's; what brings them about is on the
[conformance](conformance.md) page.

<!-- This page is made by `python docs/messages.py`; the messages stand in
`pytest_datapipeline/_messages/catalog.py`. -->
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, messages in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += (line for message in messages for line in _lines(message))
    return "\n".join(parts).rstrip() + "\n"


def _lines(message: Message) -> Iterator[str]:
    yield f"### {message.id}\n"
    yield "  \n".join(f"**{message.kind}**: `{text}`" for text in message.texts) + "\n"
    yield f"- Cause: {message.cause}"
    yield f"- Remedy: {message.remedy}"
    yield f"- Read on: {', '.join(f'[{_title(place)}]({place})' for place in message.pages)}\n"


def _title(place: str) -> str:
    """What a link to a page, or to a place in one, is called."""
    name, _, anchor = place.partition("#")
    text = (FOLDER / name).read_text(encoding="utf-8")
    if f'<a id="{anchor}">' in text:
        return f"`{anchor}`"
    headings: list[str] = re.findall(r"^#+ (.*)$", text, re.M)
    if not anchor:
        return headings[0]
    return next(held for held in headings if _slug(held) == anchor)


def _slug(heading: str) -> str:
    return re.sub(r"[^\w]+", "-", heading.lower()).strip("-")


if __name__ == "__main__":
    sys.exit(write({PAGE: page()}))
