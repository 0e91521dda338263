"""The endpoint by itself, outside of a test: for trying things by hand, and for other languages.

    python -m pytest_datapipeline serve [--port N] [--speed X | --manual] [--start T] [--region R]

Beside the service, at `/`, it has a small control API at `/_control/...`, so that a test in any
language can do what a Python test does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from .clock import SECOND
from .errors import FakeUsageError
from .fake import DataPipelineFake

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Real seconds between two looks at the real clock, where time follows it.
_TICK = 0.02
# Nobody waits for anybody in here: those who call are other processes.
_SETTLE = 0.001
_ENDLESS = 1e9

_HELP = """\
AWS Data Pipeline listens on {url} ({time}).

AWS CLI:  aws datapipeline list-pipelines --endpoint-url {url} --region {region}
boto3:    boto3.client("datapipeline", endpoint_url="{url}", region_name="{region}")
any SDK:  AWS_ENDPOINT_URL_DATA_PIPELINE={url} AWS_REGION={region}
          AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing

Control:  curl {url}/_control/advance -d '{{"seconds": 3600}}'
          curl {url}/_control/enqueue -d '{{"workerGroup": "wg", "task": {{"command": "true"}}}}'
          curl {url}/_control/fail -d '{{"operation": "poll_for_task", "error": "throttling"}}'
          curl {url}/_control/calls      curl {url}/_control/tasks
          curl {url}/_control/now        curl -X POST {url}/_control/reset

Ctrl-C ends it."""


class Server:
    """A fake behind an endpoint, whose time follows the real one, or is moved by hand.

    Args:
        port: the port; 0 for a free one.
        speed: virtual seconds in a real one; 0 if time is moved by hand alone.
        settings: of the fake.
    """

    def __init__(self, port: int = 0, speed: float = 1.0, **settings: Any) -> None:
        from .transports.http import Endpoint

        self._settings = {
            "settle": _SETTLE,
            "idle_limit": _ENDLESS,
            "unmet_faults_fail": False,
            **settings,
        }
        self._speed = speed
        self._fake = self._made()
        self._endpoint = Endpoint(lambda: self._fake, port, self._control)
        self._stopped = threading.Event()
        self._verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "advance": self._advance,
            "enqueue": self._enqueue,
            "fail": self._fail,
            "calls": self._calls,
            "tasks": self._tasks,
            "now": self._now,
            "reset": self._reset,
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

    def _made(self) -> DataPipelineFake:
        fake = DataPipelineFake(**self._settings)
        fake._time.open()
        self._origin = (time.monotonic(), fake._clock.now)
        return fake

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK):
            real, start = self._origin
            passed = round((time.monotonic() - real) * self._speed * 1_000_000) * 1_000
            fake = self._fake
            if start + passed > fake._clock.now:
                fake._time.move_to(start + passed)

    # -- control ----------------------------------------------------------------------------------

    async def _control(self, method: str, verb: str, body: bytes) -> tuple[int, Any]:
        action = self._verbs.get(verb)
        if action is None:
            known = ", ".join(self._verbs)
            return 404, {"message": f"There is no control {verb!r}; there are: {known}."}
        if method not in ("GET", "POST"):
            return 405, {"message": f"Controls take GET or POST, not {method}."}
        try:
            given = json.loads(body) if body.strip() else {}
        except ValueError as error:
            return 400, {"message": f"The body of {verb} is no JSON: {error}."}
        if not isinstance(given, dict):
            return 400, {"message": f"The body of {verb} is {given!r}; it must be an object."}
        try:
            # Not in the loop: what moves time waits for the calls that the loop serves.
            answer = await asyncio.get_running_loop().run_in_executor(None, action, given)
        except FakeUsageError as error:
            return 400, {"message": str(error)}
        except KeyError as error:
            return 400, {"message": f"The body of {verb} lacks {error.args[0]!r}."}
        except TypeError as error:
            return 400, {
                "message": f"The body of {verb} has something else than it takes: {error}."
            }
        return 200, answer

    def _advance(self, given: dict[str, Any]) -> Any:
        seconds = given["seconds"]
        self._fake.clock.advance(seconds)
        real, start = self._origin
        # Time that follows the real one goes on from where it has been moved.
        self._origin = (real, start + round(seconds * SECOND))
        return self._now({})

    def _now(self, _: dict[str, Any]) -> Any:
        return {"now": self._fake.clock.now().isoformat()}

    def _enqueue(self, given: dict[str, Any]) -> Any:
        group, task = given.pop("workerGroup"), given.pop("task", {"command": "true"})
        made = self._fake.enqueue(group, task, **given)
        return {"instanceId": made.instance_id, "pipelineId": made.pipeline_id}

    def _fail(self, given: dict[str, Any]) -> Any:
        operation, error = given.pop("operation"), given.pop("error")
        return {"planned": repr(self._fake.fail(operation, error, **given))}

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

    def _reset(self, _: dict[str, Any]) -> Any:
        before, self._fake = self._fake, self._made()
        before._time.close()
        return self._now({})


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="pytest-datapipeline", description="AWS Data Pipeline, simulated."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="serve")
    serve = commands.add_parser("serve", help="listen on a port of this machine")
    serve.add_argument("--port", type=int, default=0, help="the port; by default a free one")
    pace = serve.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=float, default=1.0, help="virtual seconds in a real one (default: 1)"
    )
    pace.add_argument("--manual", action="store_true", help="time moves by /_control/advance alone")
    serve.add_argument("--start", help="when its clock starts, as 2024-01-01T00:00:00 (UTC)")
    serve.add_argument("--region", default="us-east-1", help="of clients that tell none")
    options = parser.parse_args(arguments)
    if options.speed <= 0:
        parser.error("--speed must be above 0; --manual is for time that stands still")
    settings = {"region": options.region}
    if options.start is not None:
        settings["start"] = options.start
    try:
        server = Server(options.port, 0 if options.manual else options.speed, **settings)
        server.start()
    except ImportError:
        print("serve needs aiohttp: pip install 'pytest-datapipeline[endpoint]'", file=sys.stderr)
        return 2
    except FakeUsageError as error:
        print(error, file=sys.stderr)
        return 2
    pace_text = "time moves by hand" if options.manual else f"time runs {options.speed:g} x"
    try:
        print(_HELP.format(url=server.url, time=pace_text, region=options.region), flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        print("Ended.", flush=True)
    finally:
        server.stop()
    return 0
