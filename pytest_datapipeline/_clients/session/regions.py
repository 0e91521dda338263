"""A region for clients that are made before any fake is: where a module is imported, in a fixture.

Like the guard it costs nothing until botocore is imported, and does not import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..hooks import Patches, when_imported

if TYPE_CHECKING:
    from collections.abc import Callable


class Regions:
    """Gives Data Pipeline clients a region while it is started, if they are made without one.

    One that the user has is left alone, whether it comes by an argument, the environment, a profile
    or the configuration file.
    """

    def __init__(self, region_of: Callable[[], str]) -> None:
        self._region_of = region_of
        self._patches = Patches()
        self._stop_waiting: list[Callable[[], None]] = []

    def start(self) -> None:
        """Complete clients from now on, or as soon as somebody imports what makes them."""
        self._stop_waiting = [
            when_imported("botocore.session", lambda made: self._wrap(made.Session)),
            when_imported(
                "aiobotocore.session", lambda made: self._wrap(made.AioSession, "_create_client")
            ),
        ]

    def stop(self) -> None:
        """Leave botocore as it was."""
        for stop_waiting in self._stop_waiting:
            stop_waiting()
        self._patches.undo()

    def _wrap(self, session: Any, name: str = "create_client") -> None:
        from ..requests import with_region  # it needs botocore, which is there by now

        original = session.__dict__[name]
        self._patches.replace(session, name, with_region(original, self._region_of))
