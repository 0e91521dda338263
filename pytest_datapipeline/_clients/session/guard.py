"""Keeps Data Pipeline calls from AWS while the plugin is loaded and no fake is active.

It steps in as late as it can, when a connection to a host of AWS's is about to be made or used:
what another mock answers, and what goes to a server of the user's own, is none of its business. It
is made when botocore is imported: a suite that never does has none.
"""

from __future__ import annotations

import inspect
import threading
from contextvars import ContextVar
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Literal

from ..._time import threads
from ...errors import MAXIMUM_REFUSALS, Stuck, UnexpectedCall, explained, told_by_message
from .. import active
from ..hooks import SERVICE_ID, Patches, when_imported

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..._time.unwinding import Unwinder

__tracebackhide__ = told_by_message

# Where AWS's services are, in each of its partitions; as botocore lists them.
_AWS_DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "api.aws",
    "api.aws.hci.ic.gov",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "sc2s.sgov.gov",
)
# How requests name the service and the operation.
_TARGET = "X-Amz-Target"
_TARGET_PREFIX = "DataPipeline."

Mode = Literal["strict", "aws", "off"]


class Guard:
    """Refuses Data Pipeline calls that no fake answers, and remembers them.

    Args:
        mode: what is refused now: "aws", what is about to reach AWS; "strict", every call that no
            fake of this package answers, those that other mocks would answer included; "off",
            nothing.
        home: the thread that runs the tests.
        had_double: whether the test under way had a double, which has left if none is active.
    """

    def __init__(
        self,
        mode: Callable[[], Mode],
        home: threading.Thread,
        had_double: Callable[[], bool] = lambda: False,
    ) -> None:
        self.violations: list[str] = []
        self._mode = mode
        self._home = home
        self._had_double = had_double
        self._refusals = 0
        self._unwinder: Unwinder | None = None
        self._patches = Patches()
        self._silent_ends = threads.SilentEnds()
        self._silent_ends.start()
        # The operation that this thread is sending to AWS, if it is one that must not arrive.
        self._sending = threading.local()
        # The same for a coroutine.
        self._awaiting: ContextVar[str | None] = ContextVar("sending", default=None)
        self._stop_waiting: list[Callable[[], None]] = []

    def taken(self) -> list[str]:
        """Return the refusals since the last call, and clear them."""
        violations, self.violations = self.violations, []
        self._refusals = 0
        self._unwinder = None
        return violations

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._silent_ends.stop()
        for stop_waiting in self._stop_waiting:
            stop_waiting()
        self._patches.undo()

    # -- where calls come by ----------------------------------------------------------------------

    def on_botocore(self, module: ModuleType) -> None:
        """Guard what goes by way of the module `botocore.endpoint`."""
        import urllib3.connection
        from botocore.exceptions import CredentialRetrievalError, NoCredentialsError

        endpoint: Any = module.Endpoint
        make_request, send = endpoint.make_request, endpoint._send

        @wraps(make_request)
        def guarded_make_request(self_: Any, operation_model: Any, request_dict: Any) -> Any:
            if operation_model.service_model.service_id != SERVICE_ID or self._is_idle():
                return make_request(self_, operation_model, request_dict)
            self._end_straggler()
            operation, url = operation_model.name, request_dict["url"]
            if self._mode() == "strict":
                raise self._refusal(operation, url)
            try:
                made = make_request(self_, operation_model, request_dict)
            except (CredentialRetrievalError, NoCredentialsError):
                # To be told to find credentials for AWS would lead astray.
                if is_of_aws(url):
                    raise self._refusal(operation, url) from None
                raise
            return awaited(made, operation, url) if inspect.isawaitable(made) else made

        async def awaited(made: Any, operation: str, url: str) -> Any:
            try:
                return await made
            except (CredentialRetrievalError, NoCredentialsError):
                if is_of_aws(url):
                    raise self._refusal(operation, url) from None
                raise

        @wraps(send)
        def guarded_send(self_: Any, request: Any) -> Any:
            operation = self._refused(request)
            if operation is None:
                return send(self_, request)
            # A thread may have come to here when its test ended, and the fake with it.
            self._end_straggler()
            self._sending.operation = operation
            try:
                return send(self_, request)
            except Exception as error:
                if not self._has_stopped(error):
                    raise
            finally:
                self._sending.operation = None
            raise self._refusal(operation, request.url)

        self._patches.replace(endpoint, "make_request", guarded_make_request)
        self._patches.replace(endpoint, "_send", guarded_send)
        # Below everything that records and replays. A connection that is kept alive is not
        # connected again, and one over TLS is connected before it has a request.
        for connection, method in (
            (urllib3.connection.HTTPConnection, "connect"),
            (urllib3.connection.HTTPSConnection, "connect"),
            (urllib3.connection.HTTPConnection, "request"),
        ):
            self._patches.replace(connection, method, self._stopping(getattr(connection, method)))

    def _stopping(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method of a connection, which is stopped in the middle of a call to AWS."""

        @wraps(method)
        def stopping(connection: Any, *args: Any, **kwargs: Any) -> Any:
            if getattr(self._sending, "operation", None) is not None:
                raise _OnItsWay(self)
            return method(connection, *args, **kwargs)

        return stopping

    def on_aiobotocore(self, module: ModuleType) -> None:
        """Guard what goes by way of the module `aiobotocore.endpoint`."""
        endpoint: Any = module.AioEndpoint
        send = endpoint._send

        @wraps(send)
        async def guarded_send(self_: Any, request: Any) -> Any:
            operation = self._refused(request)
            if operation is None:
                return await send(self_, request)
            if not type(self_.http_session).__module__.startswith("aiobotocore."):
                # Nobody knows on what way it would go.
                raise self._refusal(operation, request.url)
            token = self._awaiting.set(operation)
            try:
                return await send(self_, request)
            except Exception as error:
                if not self._has_stopped(error):
                    raise
            finally:
                self._awaiting.reset(token)
            raise self._refusal(operation, request.url)

        self._patches.replace(endpoint, "_send", guarded_send)
        # The libraries by which its sessions send. Mocks and cassettes stand above these.
        for library, pool, method in (
            ("aiohttp.connector", "BaseConnector", "connect"),
            ("httpcore", "AsyncConnectionPool", "handle_async_request"),
            ("httpcore2", "AsyncConnectionPool", "handle_async_request"),
        ):
            stop = partial(self._stop_in, pool=pool, method=method)
            self._stop_waiting.append(when_imported(library, stop))

    def _stop_in(self, library: Any, pool: str, method: str) -> None:
        """Have a library's pool of connections give none for a call to AWS."""
        owner = getattr(library, pool)
        original = getattr(owner, method)

        @wraps(original)
        async def stopping(self_: Any, *args: Any, **kwargs: Any) -> Any:
            if self._awaiting.get() is not None:
                raise _OnItsWay(self)
            return await original(self_, *args, **kwargs)

        self._patches.replace(owner, method, stopping)

    # -- what is refused --------------------------------------------------------------------------

    def _is_idle(self) -> bool:
        return active.active() is not None or self._mode() == "off"

    def _refused(self, request: Any) -> str | None:
        """The operation of a request that must not arrive; None if it may."""
        target = request.headers.get(_TARGET, "")
        target = target.decode() if isinstance(target, bytes) else str(target)
        # An active fake has answered before. What comes to here past one came while it gave way to
        # another, in a thread.
        allowed = self._mode() == "off"
        if not target.startswith(_TARGET_PREFIX) or allowed or not is_of_aws(request.url):
            return None
        return target[len(_TARGET_PREFIX) :]

    def _has_stopped(self, error: BaseException | None) -> bool:
        """Whether an error comes from this guard; libraries wrap it in their own."""
        while error is not None:
            if isinstance(error, _OnItsWay) and error.guard is self:
                return True
            error = error.__cause__ or error.__context__
        return False

    def _end_straggler(self) -> None:
        if threading.current_thread() is not self._home:
            threads.end_straggler()

    def _refusal(self, operation: str, url: str) -> BaseException:
        why, where = "", "in the test"
        if active.active() is not None:
            why = " yet, as one gives way to another"
        elif self._had_double():
            why = " any more, as that of this test has ended"
            where = "in the fixture that makes this call, which then cleans up before the fake ends"
        problem = (
            f"{operation} was called on AWS Data Pipeline, but no fake is active{why}, and "
            f"the call was kept from the network ({_host(url)}). Request the fixture "
            f"datapipeline_fake (or datapipeline_stubber) {where}. "
        )
        strict = self._mode() == "strict"
        if strict:
            problem += (
                "The guard is strict: other mocks and local servers may answer with the ini option "
                "datapipeline_guard = aws or @pytest.mark.datapipeline(guard='aws')."
            )
        else:
            problem += (
                "Or allow such calls with @pytest.mark.datapipeline(allow_real_calls=True) or the "
                "ini option datapipeline_allow_real_calls."
            )
        told = explained(problem, about="guard-is-strict" if strict else "no-fake-active")
        if told not in self.violations:
            self.violations.append(told)
        self._refusals += 1
        if self._refusals <= MAXIMUM_REFUSALS:
            return UnexpectedCall(told)
        if threading.current_thread() is not self._home:
            threads.end_thread()
        from ..._time.unwinding import Unwinder  # every run of pytest loads this module

        self._unwinder = self._unwinder or Unwinder()
        return self._unwinder.prepared(
            Stuck(
                explained(
                    f"{MAXIMUM_REFUSALS} calls were refused, and still they come. {problem}",
                    about="refusals-swallowed",
                )
            )
        )


class _OnItsWay(Exception):
    """A call is about to reach AWS. Where pytest runs in pytest, each has a guard."""

    def __init__(self, guard: Guard) -> None:
        super().__init__("on its way to AWS")
        self.guard = guard


def is_of_aws(url: str) -> bool:
    """Whether a URL leads to AWS, in any of its partitions, by a VPC's endpoints included."""
    host = _host(url)
    return any(host == domain or host.endswith(f".{domain}") for domain in _AWS_DOMAINS)


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return (urlsplit(url).hostname or "").rstrip(".")
