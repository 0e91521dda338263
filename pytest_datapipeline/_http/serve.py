"""The endpoint by itself, outside of a test: for trying things by hand, and for other languages.

    python -m pytest_datapipeline serve [--port N] [--speed X | --manual] [--start T] [--region R]
                                        [--host H] [--token T]
                                        [--setting NAME=VALUE ...]

Beside the service, at `/`, it has a small control API at `/_control/...`, so that a test in any
language can do what a Python test does.
"""

from __future__ import annotations

import argparse
import math
import secrets
import shlex
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import FakeUsageError
from ..settings import checked, options, parse_text
from .access import LOOPBACK, is_loopback, is_token
from .controls import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Real seconds after which a signal is seen where it does not end a wait, as on Windows.
_LOOK = 1.0
_LAST_PORT = 65_535

_HELP = """\
AWS Data Pipeline listens on {url} ({time}).

AWS CLI:  aws datapipeline list-pipelines --endpoint-url {quoted} --region {region}
boto3:    boto3.client("datapipeline", endpoint_url="{url}", region_name="{region}")
any SDK:  AWS_ENDPOINT_URL_DATA_PIPELINE={url}
          AWS_REGION={region} AWS_DEFAULT_REGION={region}
          AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=testing

Control:  curl {shown}{quoted}/_control/advance \
-d '{{"seconds": 3600}}'
          curl {shown}{quoted}/_control/enqueue \
-d '{{"workerGroup": "wg", "task": {{"command": "true"}}}}'
          curl {shown}{quoted}/_control/fail \
-d '{{"operation": "poll_for_task", "error": "throttling"}}'
          curl {shown}{quoted}/_control/calls
          curl {shown}{quoted}/_control/tasks
          curl {shown}{quoted}/_control/now
          curl -X POST {shown}{quoted}/_control/reset
{opened}
Ctrl-C ends it."""

# What a user reads who has it listen beyond this machine.
_OPENED = """
It listens on {host}, so other machines may reach it. Anyone with the token can call the service and
its control API, so give it to nobody else: clients have it as AWS_ACCESS_KEY_ID, the control API as
the header 'Authorization: Bearer TOKEN'. Nothing is encrypted.
"""


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
        FakeUsageError: an unknown one, or a value that it cannot have.
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
        help="a setting of the fake, as its documentation lists them; may be given several times",
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
                # Shells take the brackets of an address of IPv6 for a pattern.
                quoted=shlex.quote(server.url),
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
