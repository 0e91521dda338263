"""What the seams of all transports and the fake say to each other: requests, replies, failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from .._time.actors.participants import Actor


@dataclass(slots=True)
class Request:
    """A request as a transport received it. Durations are in seconds, None for no limit."""

    operation: str
    body: bytes | str | None
    region: str
    url: str
    actor: Actor
    read_timeout: float | None
    connect_timeout: float | None
    attempt: int
    invocation_id: str
    # Who works on what this request is handed; None if time may overtake him.
    holder: object = None
    # Whether the client has checked the types of the parameters, as botocore does.
    types_checked: bool = True


@dataclass(slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Failure:
    """No answer. `kind` says how the connection fails; each transport does that in its own way."""

    kind: Literal[
        "connect_timeout",
        "read_timeout",
        "poll_read_timeout",
        "connection_refused",
        "connection_dropped",
        "runner_dies",
        "exception",
    ]
    exception: BaseException | type[BaseException] | None = None


class Responding(Protocol):
    """What answers requests, and lets botocore's back-offs pass in virtual time."""

    @property
    def region(self) -> str: ...
    def answer(self, request: Request) -> Reply | Failure: ...
    async def answer_async(self, request: Request) -> Reply | Failure: ...
    def back_off(self, operation: str, invocation_id: str, seconds: float) -> None: ...
    async def back_off_async(self, operation: str, invocation_id: str, seconds: float) -> None: ...
    def sleep(self, seconds: float) -> None: ...
    def seconds(self) -> float: ...
