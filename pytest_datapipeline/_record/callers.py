"""Who made a call: the line of the user's code, below which are the client's and ours."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import FrameType

# What is between a call and us.
_BELOW_USER = frozenset({"aiobotocore", "boto3", "botocore", __name__.partition(".")[0]})


# Of the module that a process begins with, and of a worker of pytest-xdist.
_STARTERS = ("__main__", "__channelexec__")


class Location(NamedTuple):
    """A line of code. `module` is the name of its module."""

    filename: str
    line: int
    module: str

    @property
    def place(self) -> str:
        """Its file and line, as pytest writes them."""
        return place_of(self.filename, self.line)


def place_of(filename: str, line: int) -> str:
    """A line of a file, as pytest writes it: by the way from the current directory, if shorter."""
    try:
        relative = os.path.relpath(filename)
    except ValueError:  # it is on another drive of Windows
        relative = filename
    return f"{min(relative, filename, key=len)}:{line}"


def user_location() -> Location | None:
    """The line of the user's code that led here; None if there is none on this thread."""
    frame, _ = _user_frame()
    if frame is None:
        return None
    module = str(frame.f_globals.get("__name__", ""))
    return Location(frame.f_code.co_filename, frame.f_lineno, module)


def line_of_user() -> str | None:
    """The innermost line of the user's own code on this thread, as pytest writes it.

    Libraries are passed over, whose lines count where they make a call.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_user(frame):
        frame = frame.f_back
    return None if frame is None else place_of(frame.f_code.co_filename, frame.f_lineno)


def raised_at(error: BaseException) -> str | None:
    """The innermost line of the user's code that an error came through, as pytest writes it."""
    found = None
    frames = error.__traceback__
    while frames is not None:
        if is_user(frames.tb_frame):
            found = place_of(frames.tb_frame.f_code.co_filename, frames.tb_lineno)
        frames = frames.tb_next
    return found


def is_user(frame: FrameType) -> bool:
    """Whether its code is the user's own, and no library's."""
    root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    if root in _BELOW_USER or root in sys.stdlib_module_names:
        return False
    if root in _STARTERS and _is_pytest(frame):
        return False
    filename = frame.f_code.co_filename
    return "site-packages" not in filename and not filename.startswith("<")


def _is_pytest(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    folder, name = os.path.split(filename)
    return (
        name.partition(".")[0] in ("pytest", "py")
        or filename.startswith("<")
        or (name == "__main__.py" and os.path.basename(folder) == "pytest")
    )


def level_of_user() -> int:
    """What `warnings.warn`, called by the caller, takes for the line that made the call."""
    frame, level = _user_frame()
    # One of the frames is the one that counted; another is this.
    return 1 if frame is None else level - 1


def _user_frame() -> tuple[FrameType | None, int]:
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in _BELOW_USER:
            # What has started pytest is nobody's line.
            return (None if name in _STARTERS and _is_pytest(frame) else frame), level
        frame = frame.f_back
        level += 1
    return None, level
