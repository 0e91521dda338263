"""What the fake raises and warns about, as opposed to what the service answers.

Three kinds, told apart by who made the mistake: the test (`FakeUsageError`), the code under test
(`UnexpectedCall`, `UnmetExpectations`), or a wait that nobody can end (`Stuck`).
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeUsageError(ValueError):
    """The test asked the fake for something that cannot be. State is unchanged."""


class UnexpectedCall(AssertionError):
    """A call that must not happen here: no fake is active, or the fake cannot answer it.

    An `AssertionError`, so that botocore does not retry it and `except ClientError` or
    `except BotoCoreError` in the code under test does not take it for an error of the service.
    """


class UnmetExpectations(AssertionError):
    """What a test's end found: planned faults never met, forbidden calls that were swallowed."""


class Stuck(BaseException):
    """A wait or a loop that nobody can end: who waits for what, and what to call.

    Not an `Exception`: the loop of a task runner that catches every exception and goes on would
    otherwise never end.
    """


class RunnerUnwound(BaseException):
    """Ends the loop that `DataPipelineFake.run` drives. Not an `Exception`, for the same reason."""


class WorkerGroupWarning(UserWarning):
    """A poll ended empty while tasks wait in a worker group whose name differs by very little."""


def did_you_mean(value: str, candidates: Iterable[str]) -> str:
    """The sentence that suggests the candidate nearest to `value`, or an empty string."""
    near = difflib.get_close_matches(value, list(candidates), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""
