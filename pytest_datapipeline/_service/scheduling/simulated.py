"""What the service does by itself, simulated: it checks preconditions and runs resources.

The scheduler's `outcome_of` decides how they end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..clock import SECOND
from ..components.component import PRECONDITION, PipelineComponent, Run
from ..instances.instance import (
    CREATING,
    FAILED,
    FINISHED,
    RUNNING,
    TIMEDOUT,
    WAITING_FOR_RUNNER,
    WAITING_ON_DEPENDENCIES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..clock import VirtualClock
    from ..instances.instance import Attempt
    from ..instances.life import Tasks
    from ..settings import ServiceSettings


# Why a resource is not made, which service says so, and with which error.
_REFUSALS = {
    "Ec2Resource": (
        "Your quota allows for 0 more running instance(s). You requested at least 1",
        "AmazonEC2",
        "InstanceLimitExceeded",
    ),
    "EmrCluster": (
        "Instance type 'm1.large' is not supported.",
        "AmazonElasticMapReduce",
        "ValidationException",
    ),
}


class Scheduler(Protocol):
    """The part of the scheduler that the simulation calls."""

    clock: VirtualClock
    settings: ServiceSettings
    tasks: Tasks
    outcome_of: Callable[[Run], str]

    def begin_attempt(self, run: Run, status: str) -> Attempt: ...
    def end(self, run: Run, status: str) -> None: ...
    def start_again(self, run: Run) -> None: ...
    def cancel(self, run: Run, reason: str) -> None: ...


class Simulated:
    """Preconditions that the service checks, and resources that it makes."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    # -- preconditions ----------------------------------------------------------------------------

    def look(self, run: Run) -> None:
        """Check a precondition that the service manages."""
        if run.ended or run.attempt is None:
            return
        outcome = self._scheduler.outcome_of(run)
        now = self._scheduler.clock.now
        if outcome == FINISHED:
            self._scheduler.end(run, FINISHED)
            return
        policy = run.component.policy
        if outcome == FAILED:
            self._try_again(run, "The precondition could not be checked.", self._next_look)
            return
        tried = (run.detail("retry_count") or 0) + 1
        run.note(retry_count=tried, last_retry=now)
        run.timer = self._scheduler.clock.call_later(policy.retry_delay, lambda: self.look(run))
        self._scheduler.tasks.happened()

    def _next_look(self, run: Run) -> None:
        if not run.ended:
            self._scheduler.begin_attempt(run, RUNNING)
            self.look(run)

    def _try_again(self, run: Run, problem: str, action: Callable[[Run], None]) -> None:
        """Fail an attempt of something that the service does itself, and try again if it may."""
        attempt = run.attempt
        assert attempt is not None
        attempt.error_message = problem
        attempt.status = FAILED
        attempt.ended = self._scheduler.clock.now
        if run.tries_left <= 0:
            self._scheduler.end(run, FAILED)
            return
        run.status = WAITING_FOR_RUNNER if run.of.family == PRECONDITION else CREATING
        run.timer = self._scheduler.clock.call_later(
            run.component.policy.retry_delay, lambda: action(run)
        )

    # -- resources --------------------------------------------------------------------------------

    def want(self, resource: Run) -> None:
        """An activity is scheduled on a resource: start it, unless it is there."""
        if resource.ended:
            if resource.status == FINISHED:
                # Observed in the documentation of reruns: its resource is created again.
                self._scheduler.start_again(resource)
            else:
                self.failed(resource)
                return
        if resource.status == WAITING_ON_DEPENDENCIES and not resource.of.paused:
            self.launch(resource)

    def launch(self, resource: Run) -> None:
        if resource.ended:
            return
        self._scheduler.begin_attempt(resource, CREATING)
        if resource.actual_start is None:
            # Observed: other instances have started when they begin to wait, a resource when it is
            # first wanted.
            resource.actual_start = self._scheduler.clock.now
        prefix = "j" if resource.of.type == "EmrCluster" else "i"
        resource.note(
            resource_id=self._scheduler.tasks.ids.resource_id(prefix),
            resource_region=resource.origin.text("region") or resource.of.region,
        )
        takes = round(self._scheduler.settings.resource_seconds * SECOND)
        limit = resource.origin.init_timeout
        if limit is not None and takes > limit:
            resource.timer = self._scheduler.clock.call_later(
                limit,
                lambda: self._not_launched(
                    resource, f"{resource.id} did not start within initTimeout."
                ),
            )
        elif takes:
            resource.timer = self._scheduler.clock.call_later(
                takes, lambda: self._launched(resource)
            )
        else:
            self._launched(resource)

    def _refusal(self, resource: Run) -> str:
        """Observed: what the service says of a resource that another service does not make."""
        reason, service, code = _REFUSALS.get(resource.of.type, _REFUSALS["Ec2Resource"])
        request_id = self._scheduler.tasks.ids.request_id()
        return (
            f"Unable to create resource for {resource.id} due to: {reason} (Service: {service}; "
            f"Status Code: 400; Error Code: {code}; Request ID: {request_id})"
        )

    def _not_launched(self, resource: Run, problem: str) -> None:
        if not resource.ended:
            resource.note(failure_reason=problem)
            self._try_again(resource, problem, self.launch)

    def _launched(self, resource: Run) -> None:
        attempt = resource.attempt
        if resource.ended or attempt is None:
            return
        if self._scheduler.outcome_of(resource) != FINISHED:
            self._not_launched(resource, self._refusal(resource))
            return
        attempt.status = resource.status = RUNNING
        for user in list(self.users_of(resource)):
            going_on = user.attempt is not None and user.attempt.ended is None
            # One that waits for its next try has a timer for it.
            tries_later = user.timer is not None and user.timer.callback is not None
            if user.status == WAITING_FOR_RUNNER and not (user.ended or going_on or tries_later):
                self._scheduler.tasks.begin(user)
        limit = resource.origin.terminate_after
        if limit is not None:
            resource.timer = self._scheduler.clock.call_later(
                limit, lambda: self._times_out(resource)
            )
        self._scheduler.tasks.happened()
        self.release(resource)

    def _times_out(self, resource: Run) -> None:
        if not resource.ended:
            resource.note(failure_reason="terminateAfter was exceeded.")
            self._scheduler.end(resource, TIMEDOUT)

    def release(self, resource: Run) -> None:
        """End a resource that nobody needs any more."""
        if not resource.ended and all(user.ended for user in self.users_of(resource)):
            expected = sum(len(self._intervals_on(resource, user)) for user in resource.of.users)
            if expected == sum(1 for _ in self.users_of(resource)):
                self._scheduler.end(resource, FINISHED)

    def users_of(self, resource: Run) -> Iterator[Run]:
        """The activities that run on a resource, as far as they have been created."""
        for user in resource.of.users:
            for index in self._intervals_on(resource, user):
                run = user.runs.get(index)
                if run is not None:
                    yield run

    @staticmethod
    def _intervals_on(resource: Run, user: PipelineComponent) -> list[int]:
        schedule = user.schedule
        if schedule is resource.of.schedule:
            return [resource.index] if schedule.has(resource.index) else []
        return schedule.matching(resource.scheduled_start, resource.scheduled_end)

    def failed(self, resource: Run) -> None:
        """Documented for cascade: the activities of a failed resource are canceled."""
        reason = f"The resource {resource.id} is {resource.status}."
        for run in list(self.users_of(resource)):
            if run.ended:
                continue
            if run.of.cascade:
                self._scheduler.cancel(run, reason)
            elif run.status == RUNNING:
                # Our choice: what ran on it has failed, and is not tried on it again.
                run.tries_left = 0
                self._scheduler.tasks.fail(run, reason)
