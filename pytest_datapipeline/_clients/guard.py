"""Keeps Data Pipeline calls from the network while the plugin is loaded and no fake is active.

The guard costs an import hook and nothing else until botocore is imported: it does not import it.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from .._time import threads
from ..errors import MAXIMUM_REFUSALS, Stuck, UnexpectedCall, told_by_message
from . import active
from .hooks import Patches, when_imported
from .messages import SERVICE_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from .._time.unwinding import Unwinder

__tracebackhide__ = told_by_message

_TARGET = "botocore.endpoint"


class Guard:
    """Refuses Data Pipeline calls that no fake answers, and remembers them."""

    def __init__(self, allowed: Callable[[], bool]) -> None:
        self.violations: list[str] = []
        self._allowed = allowed
        self._home = threading.current_thread()
        self._refusals = 0
        self._unwinder: Unwinder | None = None
        self._stop_waiting: Callable[[], None] = lambda: None
        self._patches = Patches()
        self._silent_ends = threads.SilentEnds()

    def start(self) -> None:
        """Guard botocore now, or as soon as somebody imports it."""
        self._silent_ends.start()
        self._stop_waiting = when_imported(_TARGET, self._wrap)

    def taken(self) -> list[str]:
        """Return the refusals since the last call, and clear them."""
        violations, self.violations = self.violations, []
        self._refusals = 0
        self._unwinder = None
        return violations

    def stop(self) -> None:
        """Leave botocore as it was."""
        self._silent_ends.stop()
        self._stop_waiting()
        self._patches.undo()

    def _wrap(self, module: ModuleType) -> None:
        endpoint: Any = module.Endpoint
        make_request, do_get_response = endpoint.make_request, endpoint._do_get_response

        @wraps(make_request)
        def guarded_make_request(self_: Any, operation_model: Any, request_dict: Any) -> Any:
            self._check(operation_model)
            return make_request(self_, operation_model, request_dict)

        # A thread may be between the two when its test ends, and the fake with it.
        @wraps(do_get_response)
        def guarded_do_get_response(
            self_: Any, request: Any, operation_model: Any, context: Any
        ) -> Any:
            self._check(operation_model)
            return do_get_response(self_, request, operation_model, context)

        self._patches.replace(endpoint, "make_request", guarded_make_request)
        self._patches.replace(endpoint, "_do_get_response", guarded_do_get_response)

    def _check(self, operation_model: Any) -> None:
        if (
            operation_model.service_model.service_id == SERVICE_ID
            and active.active() is None
            and not self._allowed()
        ):
            if threading.current_thread() is not self._home:
                threads.end_straggler()
            raise self._refusal(operation_model.name)

    def _refusal(self, operation: str) -> BaseException:
        problem = (
            f"{operation} was called on AWS Data Pipeline, but no fake is active, and the call "
            "was kept from the network. Request the fixture datapipeline_fake (or "
            "datapipeline_stubber) in the test; moto's mock_aws alone does not answer it. Or allow "
            "such calls with @pytest.mark.datapipeline(allow_real_calls=True) or the ini option "
            "datapipeline_allow_real_calls."
        )
        if problem not in self.violations:
            self.violations.append(problem)
        self._refusals += 1
        if self._refusals <= MAXIMUM_REFUSALS:
            return UnexpectedCall(problem)
        if threading.current_thread() is not self._home:
            threads.end_thread()
        from .._time.unwinding import Unwinder  # every run of pytest loads this module

        self._unwinder = self._unwinder or Unwinder()
        return self._unwinder.prepared(
            Stuck(f"{MAXIMUM_REFUSALS} calls were refused, and still they come. {problem}")
        )
