"""What lanes, runners and tasks are called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._record.call import Call
    from .._service.instances.instance import Attempt, Instance

TEST = "test"
# A connection's name says little; who polls over it may have told its host's.
_CONNECTION = ("connection from port ", "a connection")


class Label:
    """A task in place of its id, which has hundreds of characters."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"<{self._text}>"


class Names:
    """The names of a world's tasks and runners.

    Args:
        instances: all that may be named.
    """

    def __init__(self, instances: Iterable[Instance]) -> None:
        self.instances = list(dict.fromkeys(instances))
        runs = Counter(instance.component.id for instance in self.instances)
        pipelines = Counter(instance.id for instance in self.instances)
        self._names: dict[Instance, str] = {}
        self._attempts: dict[str, Attempt] = {}
        for instance in self.instances:
            name = instance.component.id
            if runs[name] > 1:
                # Of a component that runs daily, each run by itself.
                unique = pipelines[instance.id] == 1
                name = instance.id.removeprefix("@")
                name = name if unique else f"{instance.component.pipeline_id} {name}"
            self._names[instance] = name
            for attempt in instance.attempts:
                for task_id in attempt.task_ids:
                    self._attempts[task_id] = attempt
        self._hosts: dict[str, str] = {}

    def attempt(self, task_id: object) -> Attempt | None:
        """The attempt that was handed out with a task id."""
        return self._attempts.get(task_id) if isinstance(task_id, str) else None

    def of(self, instance: Instance) -> str:
        """A task."""
        return self._names.get(instance) or instance.component.id

    def of_attempt(self, attempt: Attempt) -> str:
        """A task, and which attempt at it, once there is more than one."""
        name = self.of(attempt.instance)
        return name if len(attempt.instance.attempts) < 2 else f"{name} attempt {attempt.number}"

    def of_task_id(self, task_id: str, attempt: Attempt) -> str:
        """The same, and which hand-over of it, once there is more than one."""
        name = self.of_attempt(attempt)
        if len(attempt.task_ids) < 2:
            return name
        return f"{name} hand-over {attempt.task_ids.index(task_id) + 1}"

    def task_lane(self, instance: Instance) -> str:
        return f"task {self.of(instance)}"

    def queue_lane(self, instance: Instance) -> str:
        return f"queue {instance.component.worker_group_of(instance)}"

    def runner_lane(self, call: Call) -> str:
        """Who made a call: a thread, a coroutine, a host, or a connection of an unknown one."""
        name = call.thread
        if name.startswith(_CONNECTION):
            host = call.parameters.get("hostname")
            if isinstance(host, str) and host:
                self._hosts[name] = host
            else:
                attempt = self.attempt(call.parameters.get("taskId"))
                if attempt is not None and attempt.hostname:
                    self._hosts[name] = attempt.hostname
            name = self._hosts.get(name, name)
        return f"runner {name}"
