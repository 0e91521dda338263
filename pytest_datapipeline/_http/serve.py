"""The endpoint by itself, outside of a test: for trying things by hand, and for other languages.

    python -m pytest_datapipeline serve [--port N] [--speed X | --manual] [--start T] [--region R]
                                        [--host H] [--token T]
                                        [--setting NAME=VALUE ...]

Beside the service, at `/`, it has a small control API at `/_control/...`, so that a test in any
language can do what a Python test does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import secrets
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import checks
from .._fake.task_objects import is_whole
from .._record.call import CallMatcher
from .._service.clock import SECOND
from .._service.fields import ref
from .._service.texts import did_you_mean
from ..errors import FakeUsageError
from ..fake import DataPipelineFake
from ..settings import checked, options, parse_text
from .access import LOOPBACK, is_loopback, is_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Real seconds between two looks at the real clock, where time follows it.
_TICK = 0.02
# Nobody waits for anybody in here: those who call are other processes.
_SETTLE = 0.001
_ENDLESS = 1e9
# Real seconds after which a signal is seen where it does not end a wait, as on Windows.
_LOOK = 1.0
_LAST_PORT = 65_535
# How much of a value an error shows.
_SHOWN = 100

_HELP = """\
AWS Data Pipeline listens on {url} ({time}).

AWS CLI:  aws datapipeline list-pipelines --endpoint-url {url} --region {region}
boto3:    boto3.client("datapipeline", endpoint_url="{url}", region_name="{region}")
any SDK:  AWS_ENDPOINT_URL_DATA_PIPELINE={url} AWS_REGION={region}
          AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=testing

Control:  curl {shown}{url}/_control/advance \
-d '{{"seconds": 3600}}'
          curl {shown}{url}/_control/enqueue \
-d '{{"workerGroup": "wg", "task": {{"command": "true"}}}}'
          curl {shown}{url}/_control/fail \
-d '{{"operation": "poll_for_task", "error": "throttling"}}'
          curl {shown}{url}/_control/calls
          curl {shown}{url}/_control/tasks
          curl {shown}{url}/_control/now
          curl -X POST {shown}{url}/_control/reset
{opened}
Ctrl-C ends it."""

# What a user reads who has it listen beyond this machine.
_OPENED = """
It listens on {host}, so other machines may reach it. Anyone with the token can call the service and
its control API, so give it to nobody else: clients have it as AWS_ACCESS_KEY_ID, the control API as
the header 'Authorization: Bearer TOKEN'. Nothing is encrypted.
"""


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
            lambda: self._fake._responder, port, self._control, host=host, token=token
        )
        self._stopped = threading.Event()
        self._verbs = {
            "advance": _Verb(self._advance, {"seconds": _NUMBER}, {}),
            "enqueue": _Verb(self._enqueue, {"workerGroup": _STRING}, _TASK),
            "fail": _Verb(self._fail, {"operation": _STRING, "error": _ERROR}, _FAULT),
            "calls": _Verb(self._calls, {}, {}, changes=False),
            "tasks": _Verb(self._tasks, {}, {}, changes=False),
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
        self._fake._time.close()
        self._endpoint.stop()

    def _made(self, settings: dict[str, Any]) -> tuple[DataPipelineFake, tuple[float, int]]:
        fake = DataPipelineFake(**{**self._settings, **settings})
        fake._time.open()
        return fake, (time.monotonic(), fake._clock.now)

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK):
            with self._lock:
                fake, (real, start) = self._fake, self._origin
            passed = round((time.monotonic() - real) * self._speed * 1_000_000) * 1_000
            with fake._time.lock:
                if start + passed > fake._clock.now:
                    fake._time.move_to(start + passed)

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
        before._time.close()
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
        FakeUsageError: a value that a field can not have.
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


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= _LAST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port: take a number from 1 to {_LAST_PORT}, or 0 for a free one"
        )
    return port


def _token(text: str) -> str:
    if not is_token(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no token: take 16 to 128 letters and digits, as it is an access key too"
        )
    return text


def _pace(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no speed: take a number above 0, and --manual for time that stands still"
        )
    return speed


def _settings(given: Sequence[str]) -> dict[str, Any]:
    """The settings of `name=value` texts.

    Raises:
        FakeUsageError: an unknown one, or a value that it can not have.
    """
    known = {option.name: option for option in options()}
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise FakeUsageError(f"--setting is {text!r}; it must be name=value.")
        option = known.get(name)
        found[name] = value if option is None else parse_text(option, value, "--setting")
    checked(found, "--setting")
    return found


@contextmanager
def _signalled(for_good: bool) -> Iterator[list[int]]:
    """The signals by which Ctrl-C, or who ends the process, has told so; maybe more than once.

    `for_good`: whether the process ends after this.
    """
    # No event, which has a lock: a handler may run while the thread that it interrupts holds that.
    told: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda came, _: told.append(came)) for number in numbers]
    try:
        yield told
    finally:
        for number, handler in zip(numbers, before, strict=True):
            # The command ends once, however often it is asked to.
            signal.signal(number, signal.SIG_IGN if for_good and told else handler)


def main(arguments: Sequence[str] | None = None, *, for_good: bool = False) -> int:
    """The command. `for_good`: whether the process ends with it."""
    parser = argparse.ArgumentParser(
        prog="pytest-datapipeline", description="AWS Data Pipeline, simulated."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="serve")
    serve = commands.add_parser("serve", help="listen on a port of this machine")
    serve.add_argument("--port", type=_port, default=0, help="the port; by default a free one")
    serve.add_argument(
        "--host",
        default=LOOPBACK,
        help="the name or address to listen on, as 0.0.0.0 in a container; beyond this machine it "
        f"asks for a token (default: {LOOPBACK}, which only this machine reaches)",
    )
    serve.add_argument(
        "--token",
        type=_token,
        help="what clients must show, 16 to 128 letters and digits; a random one where --host "
        "opens it to other machines, otherwise none",
    )
    pace = serve.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=_pace, default=1.0, help="virtual seconds in a real one (default: 1)"
    )
    pace.add_argument("--manual", action="store_true", help="time moves by /_control/advance alone")
    serve.add_argument("--start", help="when its clock starts, as 2024-01-01T00:00:00 (UTC)")
    serve.add_argument("--region", default="us-east-1", help="of clients that tell none")
    serve.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the fake, as in its README; may be given several times",
    )
    given = parser.parse_args(arguments)
    token: str | None = given.token
    if token is None and not is_loopback(given.host):
        token = secrets.token_hex(16)
    settings = {"region": given.region}
    if given.start is not None:
        settings["start"] = given.start
    with _signalled(for_good) as told_to_end:
        try:
            settings.update(_settings(given.setting))
            checked({"region": given.region}, "--region")
            pace_given = 0 if given.manual else given.speed
            server = Server(given.port, pace_given, host=given.host, token=token, **settings)
            server.start()
        except ImportError:
            print(
                "serve needs aiohttp: pip install 'pytest-datapipeline[endpoint]'", file=sys.stderr
            )
            return 2
        except FakeUsageError as error:
            print(error, file=sys.stderr)
            return 2
        pace_text = "time moves by hand" if given.manual else f"time runs {given.speed:g} x"
        region = server.fake.region
        try:
            text = _HELP.format(
                url=server.url,
                time=pace_text,
                region=region,
                key=token or "testing",
                shown=f"-H 'Authorization: Bearer {token}' " if token else "",
                opened="" if is_loopback(given.host) else _OPENED.format(host=given.host),
            )
            print(text, flush=True)
            while not told_to_end:
                time.sleep(_LOOK)
            print("Ended.", flush=True)
        finally:
            server.stop()
    return 0
