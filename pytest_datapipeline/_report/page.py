"""Renders a page: one file that needs nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import FakeUsageError, explained
from .statuses import LATE, look_of

_HERE = Path(__file__).parent
_LEGEND = (
    *("FINISHED", "FAILED", "CASCADE_FAILED", "CANCELED", "TIMEDOUT", "SKIPPED", "RUNNING"),
    "WAITING_ON_DEPENDENCIES",
)


def render(folder: Path, name: str, **values: Any) -> str:
    """A page of a template that extends `page.html.j2`.

    Raises:
        FakeUsageError: there is no Jinja2.
    """
    try:
        import jinja2
    except ImportError:
        raise FakeUsageError(
            explained(
                "A page needs Jinja2: pip install 'pytest-datapipeline[report]'",
                about="extra-not-installed",
            )
        ) from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    return environment.get_template(name).render(
        style=style,
        look_of=look_of,
        late=LATE,
        legend=[(status, look_of(status)) for status in _LEGEND],
        **values,
    )
