"""A fake that other programs control: its service over HTTP, and a small control API beside it.

Each verb of the API is a row: its parameters, their kinds, and the method that does it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import checks
from .._definitions.reader import DefinitionText
from .._fake.queueing.task_objects import is_whole
from .._record.call import CallMatcher
from .._service.clock import SECOND
from .._service.fields import ref
from .._service.texts import did_you_mean
from ..errors import FakeUsageError
from ..fake import DataPipelineFake
from ..settings import checked, options
from .access import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Real seconds between two looks at the real clock, where time follows it.
_TICK = 0.02
# Nobody waits for anybody in here: those who call are other processes.
_SETTLE = 0.001
_ENDLESS = 1e9
# How much of a value an error shows.
_SHOWN = 100


class _Kind(NamedTuple):
    """What a value in the body of a control can be, in the words of JSON."""

    text: str
    types: tuple[type, ...]

    def fits(self, value: object) -> bool:
        # A boolean is an int to Python, but not to JSON.
        return isinstance(value, self.types) and isinstance(value, bool) == (bool in self.types)


_STRING = _Kind("a string", (str,))
_NUMBER = _Kind("a number", (int, float))
_INTEGER = _Kind("an integer", (int,))
_BOOLEAN = _Kind("true or false", (bool,))
_OBJECT = _Kind("an object", (dict,))
_ERROR = _Kind("the name of an error or an HTTP status", (str, int))


class _Verb(NamedTuple):
    """A control: what it does, what its body holds, and whether it changes anything."""

    act: Callable[[dict[str, Any]], Any]
    needed: Mapping[str, _Kind]
    optional: Mapping[str, _Kind]
    changes: bool = True

    def checked(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """The body without what is null.

        Raises:
            FakeUsageError: it lacks something, or has something else than it can have.
        """
        taken = {**self.needed, **self.optional}
        for key, value in given.items():
            if key not in taken:
                raise FakeUsageError(
                    f"The body of {name} has {_json(key)}, which it does not take."
                    f"{did_you_mean(key, taken)} It takes {', '.join(taken) or 'nothing'}."
                )
            if value is not None and not taken[key].fits(value):
                raise FakeUsageError(
                    f"The body of {name} has {_json(value)} as {_json(key)}; it must be "
                    f"{taken[key].text}."
                )
        found = {key: value for key, value in given.items() if value is not None}
        for key in self.needed:
            if key not in found:
                raise FakeUsageError(f"The body of {name} lacks {_json(key)}.")
        return found


_TASK = {
    "task": _OBJECT,
    "id": _STRING,
    "type": _STRING,
    "pipeline_id": _STRING,
    "region": _STRING,
    "objects": _OBJECT,
    "delay": _NUMBER,
    "at": _STRING,
    "maximum_retries": _INTEGER,
    "retry_delay": _NUMBER,
    "report_progress_timeout": _NUMBER,
    "attempt_timeout": _NUMBER,
}
_FAULT = {
    "parameters": _OBJECT,
    "message": _STRING,
    "times": _INTEGER,
    "after": _INTEGER,
    "per": _STRING,
    "optional": _BOOLEAN,
}
_PIPELINE = {
    "definition": _Kind("an object or a list", (dict, list)),
    "text": _STRING,
    "file": _STRING,
    "name": _STRING,
    "values": _OBJECT,
    "template_parameters": _OBJECT,
    "resource": _STRING,
    "region": _STRING,
    "start": _STRING,
}
_KINDS = {bool: _BOOLEAN, int: _INTEGER, float: _NUMBER, str: _STRING}
_SETTINGS = {option.name: _KINDS[option.kind] for option in options()}


class Server:
    """A fake behind an endpoint, whose time follows the real one, or is moved by hand.

    Args:
        port: the port; 0 for a free one.
        speed: virtual seconds in a real one; 0 if time is moved by hand alone.
        host: the name or address to listen on.
        token: what every request must show; None for nothing.
        settings: of the fake.
    """

    def __init__(
        self,
        port: int = 0,
        speed: float = 1.0,
        *,
        host: str = LOOPBACK,
        token: str | None = None,
        **settings: Any,
    ) -> None:
        from .server import Endpoint

        self._settings = {
            "settle": _SETTLE,
            "idle_limit": _ENDLESS,
            "unmet_faults_fail": False,
            **settings,
        }
        self._speed = speed
        # The fake, and when in real time its clock stood where: they change together.
        self._lock = threading.Lock()
        self._fake, self._origin = self._made({})
        self._endpoint = Endpoint(
            lambda: self._fake._world.responder, port, self._control, host=host, token=token
        )
        self._stopped = threading.Event()
        self._verbs = {
            "advance": _Verb(self._advance, {"seconds": _NUMBER}, {}),
            "enqueue": _Verb(self._enqueue, {"workerGroup": _STRING}, _TASK),
            "activate": _Verb(self._activate, {}, _PIPELINE),
            "fail": _Verb(self._fail, {"operation": _STRING, "error": _ERROR}, _FAULT),
            "calls": _Verb(self._calls, {}, {}, changes=False),
            "tasks": _Verb(self._tasks, {}, {}, changes=False),
            "findings": _Verb(self._findings, {}, {}, changes=False),
            "now": _Verb(self._now, {}, {}, changes=False),
            "reset": _Verb(self._reset, {}, _SETTINGS),
        }

    @property
    def url(self) -> str:
        """Where clients find it."""
        return self._endpoint.url

    @property
    def fake(self) -> DataPipelineFake:
        """What answers now; a reset makes another."""
        return self._fake

    def start(self) -> None:
        """Listen from now on.

        Raises:
            FakeUsageError: the port is taken.
        """
        self._endpoint.start()
        if self._speed:
            threading.Thread(target=self._tick, name="datapipeline-time", daemon=True).start()

    def stop(self) -> None:
        """Listen no longer."""
        self._stopped.set()
        self._fake._world.time.close()
        self._endpoint.stop()

    def _made(self, settings: dict[str, Any]) -> tuple[DataPipelineFake, tuple[float, int]]:
        fake = DataPipelineFake(**{**self._settings, **settings})
        fake._world.time.open()
        return fake, (time.monotonic(), fake._world.clock.now)

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK):
            with self._lock:
                fake, (real, start) = self._fake, self._origin
            passed = round((time.monotonic() - real) * self._speed * 1_000_000) * 1_000
            with fake._world.time.lock:
                if start + passed > fake._world.clock.now:
                    fake._world.time.move_to(start + passed)

    # -- control ----------------------------------------------------------------------------------

    async def _control(self, method: str, verb: str, body: bytes) -> tuple[int, Any]:
        control = self._verbs.get(verb)
        if control is None:
            known = ", ".join(self._verbs)
            return 404, {"message": f"There is no control {_json(verb)}; there are: {known}."}
        if method != "POST" and (control.changes or method != "GET"):
            allowed = "POST" if control.changes else "GET or POST"
            return 405, {"message": f"{verb} takes {allowed}, not {method}."}
        try:
            given = json.loads(body) if body.strip() else {}
        except (ValueError, RecursionError) as error:
            return 400, {"message": f"The body of {verb} is no JSON: {error}."}
        if not isinstance(given, dict):
            return 400, {"message": f"The body of {verb} is {_json(given)}; it must be an object."}
        try:
            wanted = control.checked(verb, given)
            # Not in the loop: what moves time waits for the calls that the loop serves.
            answer = await asyncio.get_running_loop().run_in_executor(None, control.act, wanted)
        except FakeUsageError as error:
            return 400, {"message": str(error)}
        return 200, answer

    def _advance(self, given: dict[str, Any]) -> Any:
        seconds = given["seconds"]
        fake = self._fake
        fake.clock.advance(seconds)
        with self._lock:
            if fake is self._fake:
                real, start = self._origin
                # Time that follows the real one goes on from where it has been moved.
                self._origin = (real, start + round(seconds * SECOND))
        return self._now({})

    def _now(self, _: dict[str, Any]) -> Any:
        return {"now": self._fake.clock.now().isoformat()}

    def _enqueue(self, given: dict[str, Any]) -> Any:
        group, task = given.pop("workerGroup"), given.pop("task", {"command": "true"})
        if not is_whole(task):
            task = _fields(task, "task")
        if "objects" in given:
            given["objects"] = {
                key: _fields(fields, f"objects.{key}") for key, fields in given["objects"].items()
            }
        if "at" in given:
            _check_moment(given["at"])
        made = self._fake.enqueue(group, task, **given)
        return {"instanceId": made.instance_id, "pipelineId": made.pipeline_id}

    def _activate(self, given: dict[str, Any]) -> Any:
        """Create and activate a pipeline. What is read is never a file of this machine."""
        text, file = given.pop("text", None), given.pop("file", None)
        if (text is None) == ("definition" not in given):
            raise FakeUsageError(
                'The body of activate has one of "definition", as JSON, and "text", the text of a '
                'file in any form, of which "file" tells the name.'
            )
        definition = given.pop("definition", None)
        if text is not None:
            definition = DefinitionText(text, file)
        made = self._fake.pipelines.activate(definition, **given)
        return {"pipelineId": made.id, "name": made.name, "state": made.state}

    def _fail(self, given: dict[str, Any]) -> Any:
        call = CallMatcher(given.pop("operation"), given.pop("parameters", {}))
        return {"planned": repr(self._fake.fail(call, given.pop("error"), **given))}

    def _calls(self, _: dict[str, Any]) -> Any:
        return {
            "calls": [
                {
                    "operation": call.operation,
                    "parameters": call.parameters,
                    "time": call.time.isoformat(),
                    "response": call.response,
                    "error": call.error,
                }
                for call in self._fake.calls
            ]
        }

    def _findings(self, _: dict[str, Any]) -> Any:
        return {
            "findings": [
                {
                    "rule": found.id,
                    "strength": found.strength,
                    "text": found.text,
                    "times": found.times,
                    "asked": found.asked,
                    "source": found.source,
                    "remedy": found.remedy,
                }
                for found in self._fake._findings()
            ]
        }

    def _tasks(self, _: dict[str, Any]) -> Any:
        return {
            "tasks": [
                {
                    "instanceId": task.instance_id,
                    "pipelineId": task.pipeline_id,
                    "workerGroup": task.worker_group,
                    "status": task.status,
                    "attempts": [attempt.status for attempt in task.attempts],
                }
                for task in self._fake.tasks
            ]
        }

    def _reset(self, given: dict[str, Any]) -> Any:
        checked(given, "reset")
        fake, origin = self._made(given)
        with self._lock:
            before, self._fake, self._origin = self._fake, fake, origin
        before._world.time.close()
        return self._now({})


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _check_moment(text: str) -> None:
    try:
        checks.moment("at", text)
    except FakeUsageError:
        raise FakeUsageError(
            f'at is {_json(text)}; it must be a moment as in "2012-12-12T00:00:00" (UTC).'
        ) from None


def _fields(fields: Any, where: str) -> dict[str, Any]:
    """The fields of a task or an object, with its references as Python has them.

    Raises:
        FakeUsageError: a value that a field cannot have.
    """
    if not isinstance(fields, dict):
        raise FakeUsageError(f"{where} is {_json(fields)}; it must be an object of fields.")
    found: dict[str, Any] = {}
    for key, value in fields.items():
        values = [
            _value(item, f"{where}.{key}")
            for item in (value if isinstance(value, list) else [value])
        ]
        found[key] = values if isinstance(value, list) else values[0]
    return found


def _value(item: Any, where: str) -> Any:
    if isinstance(item, dict) and list(item) == ["ref"] and isinstance(item["ref"], str):
        return ref(item["ref"])
    if not isinstance(item, str):
        raise FakeUsageError(
            f'{where} has {_json(item)}. A field holds a string, {{"ref": "Id"}} or a list of '
            "these: write numbers, booleans and times as strings."
        )
    return item


# -- the command ----------------------------------------------------------------------------------
