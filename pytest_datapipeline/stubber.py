"""botocore's own Stubber, for all Data Pipeline clients of this process: a script of answers.

The fake is a service that decides by itself what it answers. Here the test decides, call by call.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4
from weakref import WeakSet

from botocore.stub import Stubber

from ._clients import active
from ._clients.interception import checked_botocore
from ._clients.whole_calls import ClientCalls
from ._fake.faults import effect_of
from ._fake.queueing.enqueue import check_worker_group
from ._fake.queueing.task_objects import (
    Defaults,
    instance_of,
    objects_of,
    secrets_of,
    worker_group_in,
)
from ._record.call import Call
from ._record.calls import Calls, Mark
from ._service.clock import SECOND, VirtualClock
from ._service.instances.instance import Policy
from ._service.instances.life import Tasks
from ._service.protocol import model
from ._service.protocol.ids import Ids
from ._service.settings import ServiceSettings
from ._stubber.expected import checked
from ._stubber.responses import AnyClient, take_back
from ._stubber.script import NotExpected, Planned, Script, kind_of
from ._time import threads
from ._time.unwinding import Unwinder
from .errors import (
    MAXIMUM_REFUSALS,
    FakeUsageError,
    Stuck,
    UnexpectedCall,
    UnmetExpectations,
    explained,
    parted,
    together,
    told_by_message,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ._clients.requests import ClientCall, TransportFailure

__tracebackhide__ = told_by_message


class DataPipelineStubber(Stubber):
    """botocore's Stubber for every `datapipeline` client of this process: those that the code
    under test makes itself, before or after, in any thread, and those it is handed. Clients of
    aiobotocore are among them.

    With pytest, use the fixture `datapipeline_stubber`; elsewhere, as a context manager:

        with DataPipelineStubber() as stubber:
            task_id = stubber.add_task("my-workers", {"command": "echo hi"})
            stubber.add_response("set_task_status", {}, {"taskId": task_id, "taskStatus": ANY})
            work_on_one_task()
        stubber.assert_no_pending_responses()

    It differs from botocore's in this:

    - A client checks its own parameters and makes its request before a response is looked for, so
      the code under test meets `ParamValidationError` as in production. There is no signature and
      no retry: one response per call, as in botocore's.
    - Values in `expected_params` may be matchers, as in `pytest_datapipeline.poll_for_task(...)`.
    - A call that the script does not expect raises `UnexpectedCall`. That is an `AssertionError`
      and no error of botocore's, so that `except BotoCoreError` does not swallow it; where
      something else swallows it, the test fails at its end.
    - `any_order()` has responses found by operation and parameters.
    - `calls` has every call.

    Args:
        any_order: see the method `any_order`.
        region: the region of clients that are made without one.
    """

    def __init__(self, *, any_order: bool = False, region: str = "us-east-1") -> None:
        super().__init__(cast("Any", AnyClient()))
        self._lock = threading.RLock()
        self._calls = Calls()
        self._problems: list[str] = []
        self._refusals = 0
        self._unwinder = Unwinder()
        self._told = False
        self._ids = Ids()
        self._script = Script(self._ids, ordered=not any_order)
        self._pipeline_id = self._ids.pipeline_id()
        self._tasks = 0
        self._home: threading.Thread | None = None
        self._callers: WeakSet[threading.Thread] = WeakSet()
        self._client_calls = ClientCalls(self._answer, region)

    def __repr__(self) -> str:
        return (
            f"<DataPipelineStubber, {active.state(self)}: {len(self._script)} responses left, "
            f"{len(self._calls)} calls>"
        )

    # -- entering and leaving ---------------------------------------------------------------------

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Deactivate, and raise `UnmetExpectations` for refused calls, even where the code under
        test swallowed the error. Responses that are left are for `assert_no_pending_responses`.
        """
        self.deactivate()
        if exception_type is None:
            problems, self._problems = self._problems, []
            if problems:
                raise UnmetExpectations(_joined(problems))

    def activate(self) -> None:
        """Answer the calls of all `datapipeline` clients, until this is deactivated.

        A fake or another stubber that is active gives way meanwhile. Does nothing if it is active.

        Raises:
            FakeUsageError: a fake or another stubber of another thread answers them.
        """
        if active.is_entered(self):
            return
        checked_botocore()
        self._home = threading.current_thread()
        active.enter(self, "DataPipelineStubber")

    def _take_over(self) -> None:
        self._client_calls.start()

    def _give_way(self) -> None:
        self._client_calls.stop()

    def deactivate(self) -> None:
        """Leave botocore as it was. Does nothing if it is not active."""
        active.leave(self)
        with self._lock:
            threads.leave_behind(self._callers)
            self._callers.clear()

    def any_order(self) -> None:
        """From now on, find the response to a call by its operation and parameters.

        Without this, responses are given in the order in which they were added, and a call that
        comes out of order is refused. Code that calls from several threads, such as a poll beside
        a heartbeat, has no such order.

        Of several responses that a call fits, one that expects parameters goes before one that
        does not, and the one that was added first before the others. Each is given once.
        """
        with self._lock:
            self._script.ordered = False

    # -- the script -------------------------------------------------------------------------------

    def add_response(
        self,
        method: str,
        service_response: Mapping[str, Any],
        expected_params: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a response, checked against botocore's model of the service.

        Args:
            method: the client's method, as "poll_for_task".
            service_response: what the method returns. It is copied, and `ResponseMetadata` is
                filled in.
            expected_params: all parameters that the call must have, and matchers for their values;
                None if they do not matter.

        Raises:
            FakeUsageError: a method or parameter that the client has not.
            botocore.exceptions.ParamValidationError: a response that the model does not allow.
        """
        self._add("response", method, service_response, expected_params)

    def add_client_error(
        self,
        method: str,
        service_error_code: str = "",
        service_message: str = "",
        http_status_code: int = 400,
        service_error_meta: Mapping[str, Any] | None = None,
        expected_params: Mapping[str, Any] | None = None,
        response_meta: Mapping[str, Any] | None = None,
        modeled_fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a `ClientError` of any code; see `add_exception` for those of the service.

        Args:
            method: the client's method, as "poll_for_task".
            service_error_code: the error's code.
            service_message: its text.
            http_status_code: the HTTP status of the answer.
            service_error_meta: further keys of the response's `Error`.
            expected_params: as in `add_response`.
            response_meta: further keys of its `ResponseMetadata`.
            modeled_fields: further keys that the error has in the service's model.

        Raises:
            FakeUsageError: a method or parameter that the client has not.
            botocore.exceptions.ParamValidationError: fields that the model does not allow.
        """
        operation, expected = checked(method, expected_params)
        with self._lock:
            super().add_client_error(
                model.operations()[operation],
                service_error_code,
                service_message,
                http_status_code,
                service_error_meta,
                None,
                response_meta,
                modeled_fields,
            )
            status, parsed = take_back(self)
            kind = f"error {service_error_code}" if service_error_code else f"error {status}"
            self._script.add(Planned(kind, operation, expected, True, status, parsed))

    def add_exception(
        self,
        method: str,
        error: object,
        message: str | None = None,
        expected_params: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an error, as `DataPipelineFake.fail` takes it.

        Args:
            method: the client's method, as "poll_for_task".
            error: an error of the service by name ("TaskNotFoundException", "throttling"), class
                (`client.exceptions.X`) or instance; an exception of botocore; or one of
                "connect_timeout", "read_timeout", "connection_refused", "connection_dropped".
            message: the text of a service error; by default the service's own.
            expected_params: as in `add_response`.

        Raises:
            FakeUsageError: an error that AWS's model does not give the operation; the text suggests
                the nearest. A method or parameter that the client has not.
        """
        operation, expected = checked(method, expected_params)
        effect, shown = effect_of(operation, error, message)
        if effect.error is not None:
            modelled = effect.error.code in model.modelled_errors(operation)
            self.add_client_error(
                method,
                effect.error.code,
                effect.error.message,
                effect.error.status,
                expected_params=expected_params,
                modeled_fields={"message": effect.error.message} if modelled else None,
            )
            return
        failure: TransportFailure | BaseException
        kind = effect.kind
        if isinstance(effect.exception, BaseException):
            failure = effect.exception
        elif (
            kind == "connect_timeout"
            or kind == "read_timeout"
            or kind == "connection_refused"
            or kind == "connection_dropped"
        ):
            failure = kind
        else:
            raise FakeUsageError(
                f"{shown} happens to a request on its way, and here there is none: a stubber "
                "answers calls of a client. Use add_client_error(), or fail() of the fixture "
                "datapipeline_fake."
            )
        with self._lock:
            self._script.add(Planned(kind_of(failure), operation, expected, True, failure=failure))

    def add_time_out(
        self, method: str = "poll_for_task", expected_params: Mapping[str, Any] | None = None
    ) -> None:
        """Add a `ReadTimeoutError`, as a client raises it that gives up before a long poll ends.

        Args:
            method: the client's method.
            expected_params: as in `add_response`.

        Raises:
            FakeUsageError: a method or parameter that the client has not.
        """
        self.add_exception(method, "read_timeout", expected_params=expected_params)

    def add_task(
        self,
        worker_group: str | None = None,
        fields: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        type: str = "ShellCommandActivity",
        pipeline_id: str | None = None,
        objects: Mapping[str, Any] | None = None,
        expected_params: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a PollForTask answer with a task, built as the fake builds it.

        Args:
            worker_group: the worker group that the poll must be for; None for any.
            fields: the task's fields, `{"command": "echo hi"}`, or a whole task object as
                `poll_for_task` returns it; by default a `command` "true".
            id: the id of the pipeline component that it is a run of.
            type: the type of the activity, where the fields do not give it.
            pipeline_id: the pipeline that it belongs to.
            objects: further objects that the task carries, as `{id: fields}`.
            expected_params: all other parameters that the poll must have; None if they do not
                matter.

        Returns:
            the task id.

        Raises:
            FakeUsageError: something that the service could not hand out. Nothing is added.
        """
        given = {"command": "true"} if fields is None else fields
        if worker_group is not None:
            check_worker_group(worker_group)
        with self._lock:
            now = time.time_ns() // SECOND * SECOND
            defaults = Defaults(
                worker_group=worker_group or worker_group_in(given) or "any",
                region=None,
                pipeline_id=pipeline_id or self._pipeline_id,
                component_id=id or f"Activity{self._tasks + 1}",
                type=type,
                scheduled_start=now,
                policy=Policy(),
                objects=objects_of(objects),
            )
            instance = instance_of(given, defaults, "fields").instance
            self._calls.secrets.add(secrets_of(instance))
            answer = self._handed_out(instance, now)
            self._add_poll("task", answer, worker_group, expected_params)
            self._tasks += 1
        task_id: str = answer["taskObject"]["taskId"]
        return task_id

    def add_empty_poll(
        self,
        worker_group: str | None = None,
        *,
        expected_params: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the answer of a PollForTask that got no task: it has no `taskObject`.

        Args:
            worker_group: the worker group that the poll must be for; None for any.
            expected_params: all other parameters that the poll must have; None if they do not
                matter.

        Raises:
            FakeUsageError: a worker group that cannot be, or a parameter that the client has not.
        """
        if worker_group is not None:
            check_worker_group(worker_group)
        self._add_poll("empty poll", {}, worker_group, expected_params)

    def _add_poll(
        self,
        kind: str,
        answer: Mapping[str, Any],
        worker_group: str | None,
        expected_params: Mapping[str, Any] | None,
    ) -> None:
        expected = expected_params
        if worker_group is not None:
            expected = {"workerGroup": worker_group, **(expected_params or {})}
        self._add(kind, "poll_for_task", answer, expected, exact=expected_params is not None)

    def _add(
        self,
        kind: str,
        method: str,
        response: Mapping[str, Any],
        expected_params: Mapping[str, Any] | None,
        *,
        exact: bool = True,
    ) -> None:
        operation, expected = checked(method, expected_params)
        with self._lock:
            super().add_response(model.operations()[operation], response)
            status, parsed = take_back(self)
            self._script.add(Planned(kind, operation, expected, exact, status, parsed))

    def _handed_out(self, instance: Any, now: int) -> dict[str, Any]:
        tasks = Tasks(VirtualClock(now), ServiceSettings(), self._ids)
        tasks.add(instance, now)
        task_object = tasks.hand_over(instance.attempts[0], None, None)
        return task_object if isinstance(task_object, dict) else task_object.to_dict()

    # -- what happened, and what did not ----------------------------------------------------------

    @property
    def calls(self) -> Calls:
        """Every call so far, in order; those that were refused as well."""
        return self._calls

    def assert_no_pending_responses(self) -> None:
        """Fail the test if responses are left, and name each of them."""
        with self._lock:
            left = self._script.left()
        if left:
            raise UnmetExpectations(_joined(left))

    def verify(self) -> None:
        """Raise what a test's end has to tell, once and as a whole.

        Raises:
            UnmetExpectations: calls that were refused, even where the code under test swallowed
                the error, and responses that are left.
        """
        problems = self._unmet()
        if problems:
            raise UnmetExpectations(_joined(problems))

    def _never_awaited(self) -> list[str]:
        return []

    def _pipelines_in_report(self) -> str:
        return ""

    def _charts_in_report(self) -> str:
        return ""

    def _timeline(self, after: int, failure: str | None) -> None:
        """A script has no tasks and no time to tell of: its calls are shown."""

    # What its record begins with.
    _start = Mark()

    def _mark(self) -> Mark:
        return Mark(made=self.calls._made)

    def _since(self, mark: Mark) -> Mark:
        return mark

    # A script of answers knows no tasks, so there is nothing to judge.
    def _findings(self) -> tuple[()]:
        return ()

    def _warn(self, told: object, elsewhere: object) -> None:
        pass

    def _unmet(self) -> list[str]:
        with self._lock:
            if self._told:
                return []
            self._told = True
            return [*self._problems, *self._script.left()]

    # -- a call -----------------------------------------------------------------------------------

    def _answer(self, client_call: ClientCall) -> tuple[int, dict[str, Any]]:
        if threading.current_thread() is not self._home:
            threads.end_straggler()
        now = time.time_ns()
        call = Call(
            operation=client_call.operation,
            parameters=client_call.parameters,
            region=client_call.region,
            time_ns=now,
            thread=client_call.caller,
            read_timeout=client_call.read_timeout,
            attempt=1,
            invocation_id=str(uuid4()),
        )
        # One lock from looking to taking: of two calls at once, each gets a response of its own.
        with self._lock:
            self._calls._append(call)
            if threading.current_thread() is not self._home:
                self._callers.add(threading.current_thread())
            try:
                return self._script.answer(call, client_call.url)
            except NotExpected as problem:
                raise self._refusal(call, str(problem)) from None
            finally:
                call.ended_ns = now

    def _refusal(self, call: Call, told: str) -> BaseException:
        problem, _ = parted(told)
        call.error, call.error_message = "UnexpectedCall", problem
        self._refusals += 1
        if self._refusals <= MAXIMUM_REFUSALS:
            self._problems.append(told)
            return UnexpectedCall(told)
        if threading.current_thread() is not self._home:
            threads.end_thread()
        return self._unwinder.prepared(
            Stuck(
                explained(
                    f"{MAXIMUM_REFUSALS} calls were refused, and still they come. {problem}",
                    about="refusals-swallowed",
                )
            )
        )


def _joined(problems: list[str]) -> str:
    return together(dict.fromkeys(problems))
