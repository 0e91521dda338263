"""botocore's own memory of failures, started afresh for each fake and on its clock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from botocore.retries import adaptive, bucket, quota, standard, throttling

from .requests import EVENTS, handlers

if TYPE_CHECKING:
    from .messages import Responding


class Target:
    """Where requests go now, and the retry states of clients there."""

    __slots__ = ("responder", "retry_states")

    def __init__(self, responder: Responding) -> None:
        self.responder: Responding = responder
        self.retry_states: RetryStates = RetryStates(responder)

    def move(self, responder: Responding) -> None:
        """Have them go to another from now on; clients start afresh there."""
        before, self.retry_states = self.retry_states, RetryStates(responder)
        self.responder = responder
        before.give_back()


class RetryStates:
    """Gives each client a fresh retry state on virtual time, and gives back what it had.

    In the modes standard and adaptive a client remembers earlier failures: a retry quota, and the
    rate at which it sends. A client that is made once would carry them from test to test.
    """

    def __init__(self, responder: Responding) -> None:
        self._responder = responder
        self._endpoints: dict[int, Any] = {}
        self._saved: list[tuple[Any, dict[str, Any]]] = []
        self._own: list[tuple[Any, dict[str, Any]]] = []
        self._lock = threading.RLock()

    def take_over(self, endpoint: Any, operation: str) -> None:
        """Start afresh the retry state behind an endpoint, the first time that it is seen."""
        if id(endpoint) in self._endpoints:
            return
        with self._lock:
            if id(endpoint) in self._endpoints:
                return
            self._endpoints[id(endpoint)] = endpoint
            event_name = f"needs-retry.{EVENTS}.{operation}"
            for handler in handlers(endpoint._event_emitter, event_name):
                owner: Any = getattr(handler, "__self__", None)
                if isinstance(owner, standard.RetryHandler):
                    checker: Any = owner
                    self._renew(checker._retry_quota._quota, quota.RetryQuota())
                elif isinstance(owner, adaptive.ClientRateLimiter):
                    self._renew(owner, _virtual_limiter(self._responder, owner))
                elif type(owner).__name__.endswith("ClientRateLimiter"):
                    self._renew(owner, _virtual_asynchronous_limiter(self._responder, owner))

    def give_back(self) -> None:
        """Put back what was there before, until it is taken over again."""
        with self._lock:
            self._own = [(owner, dict(owner.__dict__)) for owner, _ in self._saved]
            for owner, state in self._saved:
                _put(owner, state)

    def take_back(self) -> None:
        """Go on where `give_back` left off."""
        with self._lock:
            for owner, state in self._own:
                _put(owner, state)

    def _renew(self, owner: Any, fresh: Any) -> None:
        self._saved.append((owner, dict(owner.__dict__)))
        owner.__dict__.update(fresh.__dict__)


def _put(owner: Any, state: dict[str, Any]) -> None:
    owner.__dict__.clear()
    owner.__dict__.update(state)


class _VirtualClock(bucket.Clock):
    def __init__(self, responder: Responding) -> None:
        super().__init__()
        self._responder = responder

    def sleep(self, amount: float) -> None:
        self._responder.sleep(amount)

    def current_time(self) -> float:
        return self._responder.seconds()


class _VirtualCondition:
    """Stands for the condition on which a client waits until it may send: waits in virtual time."""

    def __init__(self, lock: Any, responder: Responding) -> None:
        self._lock = lock
        self._responder = responder

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def notify(self) -> None:
        pass

    def wait(self, seconds: float) -> None:
        self._lock.release()
        try:
            self._responder.sleep(seconds)
        finally:
            self._lock.acquire()


def _virtual_limiter(responder: Responding, limiter: Any) -> Any:
    clock = _VirtualClock(responder)
    tokens: Any = bucket.TokenBucket(max_rate=1, clock=clock)
    tokens._new_fill_rate_condition = _VirtualCondition(tokens._lock, responder)
    return adaptive.ClientRateLimiter(
        rate_adjustor=throttling.CubicCalculator(
            starting_max_rate=0, start_time=clock.current_time()
        ),
        rate_clocker=adaptive.RateClocker(clock),
        token_bucket=tokens,
        throttling_detector=limiter._throttling_detector,
        clock=clock,
    )


def _virtual_asynchronous_limiter(responder: Responding, limiter: Any) -> Any:
    """The same for aiobotocore, whose limiter sleeps by the loop's timers, which are virtual."""
    clock = _VirtualClock(responder)
    return type(limiter)(
        rate_adjustor=throttling.CubicCalculator(
            starting_max_rate=0, start_time=clock.current_time()
        ),
        rate_clocker=adaptive.RateClocker(clock),
        token_bucket=type(limiter._token_bucket)(max_rate=1, clock=clock),
        throttling_detector=limiter._throttling_detector,
        clock=clock,
    )
