"""What a runner may claim to do; what it does not claim is skipped, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._service.texts import did_you_mean
from ..errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from collections.abc import Iterable

__tracebackhide__ = told_by_message

CLAIMS: dict[str, str] = {
    "back_off": "it waits longer after each throttled call, in time that the fake sees",
    "cancellation": "it stops the work of a task that is canceled meanwhile",
    "error_texts": "it says with FAILED what went wrong",
    "faults": "it goes on after errors of the service and of the connection",
    "failures": "it can be given a task that fails",
    "heartbeat": "it calls ReportTaskRunnerHeartbeat",
    "hostname": "it names its host when it polls",
    "long_work": "it can be given a task that takes long, and reports meanwhile",
    "output": "it sends what a failed task has printed",
    "preconditions": "it works preconditions, and sets FALSE where one does not hold",
    "restart": "it can be started again after it died",
    "terminate": "it ends when a heartbeat is answered terminate",
    "two_runners": "two of it can work on one queue",
}


def check_claims(claims: Iterable[str], where: str) -> None:
    """Refuse claims that nobody knows.

    Raises:
        FakeUsageError: there is no such claim.
    """
    for claim in claims:
        if claim not in CLAIMS:
            raise FakeUsageError(
                f"{where}: there is no claim {claim!r}.{did_you_mean(claim, CLAIMS)} "
                f"Claims are: {', '.join(CLAIMS)}."
            )
