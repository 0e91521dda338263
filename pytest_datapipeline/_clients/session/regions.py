"""A region for clients that are made before any fake is: where a module is imported, in a fixture.

Like the guard it is made when botocore is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..hooks import Patches

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

    def on_botocore(self, session: Any) -> None:
        """Complete clients from now on, of the module `botocore.session`."""
        self._wrap(session.Session)

    def on_aiobotocore(self, session: Any) -> None:
        """Complete clients from now on, of the module `aiobotocore.session`."""
        self._wrap(session.AioSession, "_create_client")

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._patches.undo()

    def _wrap(self, session: Any, name: str = "create_client") -> None:
        from ..requests import with_region  # it needs botocore, which is there by now

        original = session.__dict__[name]
        self._patches.replace(session, name, with_region(original, self._region_of))
