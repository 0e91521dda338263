"""Gets out of loops that swallow whatever is raised in them.

A loop is ended by an exception that `except Exception` does not catch. One that has a bare
`except:` catches it all the same, comes back with its next call, and so would go on forever.
Raising from the call cannot help there: what does is to raise from the lines that follow, which
are in the handler or behind it and so outside of its `try`. Python lets a trace function do that.

Only code that has swallowed an exception many times in a row is treated so. Debuggers and coverage
have trace functions of their own; theirs are back in force when the loop has been left.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import islice
from opcode import opmap
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

# How often an exception may be swallowed. Some code catches it once or twice to clean up.
_TOLERATED = 10
# How often it is raised behind the call before the process is given up.
_ATTEMPTS = 500
# It is raised at each of so many lines behind the call, forever more of the frames around it: what
# is outside of the loop, such as `pytest.raises`, should not meet it twice. Then everywhere.
_LINES = 5
_DEPTH = 40
# sysexits.h calls it EX_SOFTWARE.
_EXIT_STATUS = 70

# A call is made from within these; no loop of the user's is in them.
_INNER = frozenset({"aiobotocore", "boto3", "botocore", "pytest_datapipeline"})
# These call the user's code and have to go on after it, whatever it raises.
_OUTER = frozenset(
    {
        *("_pytest", "anyio", "asyncio", "concurrent", "hypothesis", "outcome", "pluggy"),
        *("pytest_trio", "runpy", "threading", "trio", "unittest"),
    }
)

_OF_HANDLERS = {opmap.get("PUSH_EXC_INFO"), opmap.get("POP_EXCEPT")}

Error = TypeVar("Error", bound=BaseException)
Function = TypeVar("Function", bound="Callable[..., Any]")

_boundaries: set[CodeType] = set()
_under_way: dict[int, _Escape] = {}


def boundary(function: Function) -> Function:
    """Mark a function of ours that calls the user's code and catches what is raised here."""
    _boundaries.add(function.__code__)
    return function


class Unwinder:
    """Counts how often what it was to end has come back.

    Attributes:
        swallowed: how often in a row; set it to 0 when that counts no longer.
    """

    def __init__(self) -> None:
        self.swallowed: int = 0

    def prepared(self, error: Error) -> Error:
        """The error, to be raised now by the caller. If it keeps being swallowed, it is raised
        again in those who do so."""
        self.swallowed += 1
        attempt = self.swallowed - _TOLERATED
        if attempt > 0 and next(_frames_of_user(sys._getframe(1)), None) is None:
            self.swallowed = attempt = 0
        if attempt > _ATTEMPTS:
            _give_up(error)
        if attempt > 0:
            depth, lines = divmod(attempt - 1, _LINES)
            if depth >= _DEPTH:
                depth, lines = attempt, attempt - _LINES * _DEPTH
            escape = _under_way.get(threading.get_ident()) or _Escape()
            escape.arm(error, lines + 1)
            escape.watch(sys._getframe(1), depth + 1)
        return error


class _Escape:
    """Raises an error at the lines that the user's frames of this thread run next."""

    def __init__(self) -> None:
        self._error: BaseException | None = None
        self._lines = 0
        self._thread = threading.get_ident()
        self._frames: dict[FrameType, Any] = {}
        self._outermost: FrameType | None = None
        self._trace: Any = None
        self._profile: Any = None

    def arm(self, error: BaseException, lines: int) -> None:
        """Have it raise the error at so many lines from here: nearer ones may be in a `try`."""
        self._error = error
        if self._lines <= 0:
            self._lines = lines

    def watch(self, innermost: FrameType, depth: int) -> None:
        """Watch so many of the user's frames around a call."""
        frames = list(islice(_frames_of_user(innermost), depth))
        if not frames:
            return
        if self._outermost is None:
            self._trace, self._profile = sys.gettrace(), sys.getprofile()
            _under_way[self._thread] = self
        if frames[-1] not in self._frames:
            self._outermost = frames[-1]
        for frame in frames:
            self._frames.setdefault(frame, frame.f_trace)
            frame.f_trace = self._at_line
        sys.settrace(self._at_call)
        sys.setprofile(self._at_return)

    def _at_call(self, *_: object) -> None:
        """No line of a new frame matters: before and after it, there are those of its caller."""

    def _at_line(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            self._lines -= 1
            if self._lines <= 0 and self._error is not None and not _at_handler(frame):
                # Python drops the trace function that raises.
                raise self._error.with_traceback(None)
        return self._at_line

    def _at_return(self, frame: FrameType, event: str, _: object) -> None:
        if event != "return" or frame not in self._frames:
            return
        if frame is self._outermost:
            self._stop()
            return
        del self._frames[frame]
        if sys.gettrace() is None:
            # It was left by our error, which its caller may swallow as well.
            sys.settrace(self._at_call)

    def _stop(self) -> None:
        for frame, trace in self._frames.items():
            frame.f_trace = trace
        self._frames.clear()
        _under_way.pop(self._thread, None)
        sys.settrace(self._trace)
        # cProfile's own cannot be put back from here.
        sys.setprofile(self._profile if callable(self._profile) else None)


def _at_handler(frame: FrameType) -> bool:
    """Whether a frame is about to enter a handler, or to leave one.

    What is raised there makes Python, from 3.11 on, take the exception that was to be handled for
    what is being handled in the callers, forever: it would be shown as the context of whatever they
    raise, and would keep all of its frames.
    """
    return frame.f_code.co_code[frame.f_lasti] in _OF_HANDLERS


def _frames_of_user(innermost: FrameType) -> Iterator[FrameType]:
    frame: FrameType | None = innermost
    inside = True
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _INNER:
            if package in _OUTER:
                return
            inside = False
            yield frame
        elif not inside and frame.f_code in _boundaries:
            return
        frame = frame.f_back


def _give_up(error: BaseException) -> None:
    os.write(
        2,
        f"\n{type(error).__name__}: {error}\nThe loop swallows this whatever is done to end it, so "
        "pytest-datapipeline ends the process.\n".encode(errors="replace"),
    )
    os._exit(_EXIT_STATUS)
