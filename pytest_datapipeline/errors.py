"""What the fake raises and warns about, as opposed to what the service answers.

Three kinds, told apart by who made the mistake: the test (`FakeUsageError`), the code under test
(`UnexpectedCall`, `UnmetExpectations`), or a wait that nobody can end (`Stuck`).
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    Unwinding = BaseException
else:
    # What `except Exception` does not catch. Of such, pytest takes its own alone for a failure
    # wherever they come: at another, it would leave off tearing the test down, and the fake would
    # go on into the tests that follow. Where pytest loads the plugin, it is there by now; a program
    # that imports this first and pytest later does without.
    _pytest = sys.modules.get("pytest")
    Unwinding = BaseException if _pytest is None else _pytest.fail.Exception


# After so many refused calls, the caller is taken for a loop that swallows the refusals.
MAXIMUM_REFUSALS = 100

# How the last line of a message begins of which the command `explain` knows more; its id follows.
HELP = "Help: pytest-datapipeline explain"


class FakeUsageError(ValueError):
    """The test asked the fake for something that cannot be. State is unchanged."""

    __module__ = "pytest_datapipeline"


class UnexpectedCall(AssertionError):
    """A call that must not happen here: no fake is active, or the fake cannot answer it.

    An `AssertionError`, so that botocore does not retry it and `except ClientError` or
    `except BotoCoreError` in the code under test does not take it for an error of the service.
    """

    __module__ = "pytest_datapipeline"


class UnmetExpectations(AssertionError):
    """What a test's end found: planned faults never met, forbidden calls that were swallowed."""

    __module__ = "pytest_datapipeline"


class Stuck(Unwinding):
    """A wait or a loop that nobody can end: who waits for what, and what to call.

    Not an `Exception`: the loop of a task runner that catches every exception and goes on would
    otherwise never end.
    """

    __module__ = "pytest_datapipeline"


class RunnerUnwound(Unwinding):
    """Ends the loop that `DataPipelineFake.run` drives. Not an `Exception`, for the same reason."""

    __module__ = "pytest_datapipeline"


class WorkerGroupWarning(UserWarning):
    """A poll ended empty while tasks wait in a worker group whose name differs by very little."""

    __module__ = "pytest_datapipeline"


class ContractWarning(UserWarning):
    """A task runner, or a program around it, did what breaks AWS's rules."""

    __module__ = "pytest_datapipeline"


def explained(text: str, *, about: str) -> str:
    """A message with a last line that names its explanation.

    It is a part of the text, so that every copy has it, in whatever process and report.

    Args:
        about: its id in the catalog of messages, or that of a rule.
    """
    return f"{text}\n{HELP} {about}"


def together(texts: Iterable[str]) -> str:
    """Messages as one. If some name their explanations, one last line names all of these."""
    messages = [parted(text) for text in texts]
    told = "\n".join(text for text, _ in messages)
    ids = dict.fromkeys(name for _, named in messages for name in named)
    return explained(told, about=" ".join(ids)) if ids else told


def parted(text: str) -> tuple[str, list[str]]:
    """A message without the line that names its explanation, and the ids of this."""
    told, found, ids = text.rpartition(f"\n{HELP} ")
    return (told, ids.split()) if found and "\n" not in ids else (text, [])


# An attribute of errors that a client is to get.
_MEANT = "_meant_for_client"


def meant_for_client(error: BaseException) -> BaseException:
    """The same error, known as one that the code under test is to get, as from botocore."""
    with contextlib.suppress(AttributeError):  # a user's own may have no place for it
        setattr(error, _MEANT, True)
    return error


def told_by_message(excinfo: Any) -> bool:
    """Whether an error's message says it all, so that pytest need not show the frames in here.

    Every module that raises such errors has this as its `__tracebackhide__`: what a test's author
    sees is the line of his test. So are the frames hidden of an error that a client is to get: with
    AWS there would be none of them. An error that is a fault of ours shows all of its frames; an
    assertion in a function of his, which we have called, shows none of them.
    """
    ours = (
        *(FakeUsageError, UnexpectedCall, UnmetExpectations, Stuck),
        *(WorkerGroupWarning, ContractWarning),
    )
    if getattr(excinfo.value, _MEANT, False):
        return True
    if isinstance(excinfo.value, AssertionError):
        innermost = excinfo.tb
        while innermost.tb_next is not None:
            innermost = innermost.tb_next
        name = str(innermost.tb_frame.f_globals.get("__name__", ""))
        return isinstance(excinfo.value, ours) or name.split(".")[0] != __package__
    return isinstance(excinfo.value, ours)


class _UsageErrors:
    """See `usage_errors`. Called, it names what explains the errors."""

    def __init__(self, about: str | None = None) -> None:
        self._about = about

    def __call__(self, *, about: str) -> _UsageErrors:
        return _UsageErrors(about)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        if isinstance(error, ValueError) and not isinstance(error, FakeUsageError):
            text = str(error)
            raise FakeUsageError(
                text if self._about is None else explained(text, about=self._about)
            ) from None


# What the service's own modules raise of a test's mistakes, as they know no error of ours.
usage_errors: _UsageErrors = _UsageErrors()

__tracebackhide__ = told_by_message
