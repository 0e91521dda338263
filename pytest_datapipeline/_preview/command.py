"""The command `preview`: what a definition would run.

pytest-datapipeline preview FILE [--format F] [--output FILE] [--start TIME]
                                     [--until TIME | --for 7d | --runs N]
                                 [--fail ACTIVITY[@TIME]] [--take ACTIVITY=20m]
                                 [--outcome OBJECT=STATUS] [--diff OTHER]
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from typing import TYPE_CHECKING

from .. import checks
from .._definitions.arguments import add_arguments, ended, readings_of
from .._definitions.values import pairs
from ..errors import FakeUsageError
from .diff import diff_as_json, diff_as_text, difference
from .formats.machines import as_json, as_mermaid
from .formats.text import as_table
from .plan import OUTCOMES, RUNS, Plan, duration, failing, moment
from .simulation import Progress, first_start, simulate, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._definitions.reading import Reading
    from .preview import Preview


def _page(preview: Preview) -> str:
    from .formats.page import as_html

    return as_html(preview)


FORMATS: dict[str, Callable[[Preview], str]] = {
    "table": as_table,
    "json": as_json,
    "mermaid": as_mermaid,
    "html": _page,
}
_DIFFS = {"table": diff_as_text, "json": diff_as_json}
_EPILOG = f"""\
Without --start the pipeline is activated at the first start of its schedules, or now if it is on
demand; without a bound the first {RUNS} runs of each schedule are shown. A run of an activity takes
5 minutes, unless --take says otherwise. All of these are choices of ours.
"""


def main(arguments: Sequence[str]) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="pytest-datapipeline preview",
        description="What a definition would run, by the scheduler of the simulated service.",
        epilog=_EPILOG,
    )
    parser.add_argument("file", metavar="FILE", help="a definition; - for standard input")
    parser.add_argument("--format", choices=FORMATS, default="table", help="(default: table)")
    parser.add_argument(
        "--output", metavar="FILE", help="where to write it; default: standard output"
    )
    parser.add_argument("--start", metavar="TIME", help="the moment of the activation (UTC)")
    parser.add_argument(
        "--start-timestamp",
        metavar="TIME",
        help="of activate-pipeline: the intervals before it are skipped",
    )
    bound = parser.add_mutually_exclusive_group()
    bound.add_argument("--until", metavar="TIME", help="the moment at which to stop (UTC)")
    bound.add_argument("--for", dest="length", metavar="7d", help="how long it runs")
    bound.add_argument("--runs", metavar="N", help="how many runs of each schedule are shown")
    parser.add_argument(
        "--fail",
        action="append",
        default=[],
        metavar="ACTIVITY[@TIME]",
        help="an activity of which each attempt fails, or those of one scheduled start; * for all",
    )
    parser.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="ACTIVITY=20m",
        help="how long a run of an activity works; * for all others (default: 5m)",
    )
    parser.add_argument(
        "--outcome",
        action="append",
        default=[],
        metavar="OBJECT=STATUS",
        help="what becomes of a resource or of a precondition that the service checks, by id or "
        f"type: {', '.join(OUTCOMES)}",
    )
    parser.add_argument("--diff", metavar="OTHER", help="what differs from what OTHER would run")
    add_arguments(parser)
    given = parser.parse_args(arguments)
    return ended(lambda: _preview(given))


def _preview(given: argparse.Namespace) -> int:
    # What is given may be for one alone of two that are compared.
    unknown: dict[str, str] | None = None if given.diff is None else {}
    reading = _one(given.file, given, unknown)
    if given.diff is not None and given.format not in _DIFFS:
        raise FakeUsageError(f"--diff is written as {' or '.join(_DIFFS)}, not as {given.format}.")
    plan = plan_of(given, reading)
    progress = Progress(_to_terminal)
    try:
        if given.diff is None:
            preview = simulate(reading, plan, progress)
            plan.check_moments(preview)
            text = FORMATS[given.format](preview)
            if preview.is_cut and not plan.is_bounded:
                what = f"No bound was given: these are the first {RUNS} runs of each schedule."
                print(f"{what} --runs, --for and --until ask for others.", file=sys.stderr)
        else:
            other = _other(given, unknown or {})
            start = min(first_start(stored(held), plan) for held in (reading, other))
            both = dataclasses.replace(plan, start=start)
            before = simulate(other, _known_alone(both, other), progress)
            after = simulate(reading, _known_alone(both, reading), progress)
            text = _DIFFS[given.format](difference(before, after))
    finally:
        progress.end()
    _write(text, given.output)
    return 0


def _one(file: str, given: argparse.Namespace, unknown: dict[str, str] | None = None) -> Reading:
    found = readings_of(file, given, unknown)
    if len(found) > 1:
        names = ", ".join(str(held.resource) for held in found)
        raise FakeUsageError(f"{file} has {len(found)} pipelines: {names}. Say --pipeline NAME.")
    return found[0]


def _other(given: argparse.Namespace, unknown: dict[str, str]) -> Reading:
    """The definition that the file is compared with; `unknown` is what the file does not take."""
    also: dict[str, str] = {}
    found = _one(given.diff, given, also)
    for name, text in unknown.items():
        if name in also:
            raise FakeUsageError(text)
    return found


def plan_of(given: argparse.Namespace, reading: Reading) -> Plan:
    """What the arguments ask for.

    Raises:
        FakeUsageError: one cannot be understood.
    """
    ids = [held["id"] for held in reading.request["pipelineObjects"]]
    told = pairs(given.outcome, "--outcome")
    outcomes = {name: str(value).upper() for name, value in told.items()}
    for name, outcome in outcomes.items():
        if outcome not in OUTCOMES:
            raise FakeUsageError(
                f"--outcome of {name} is {outcome!r}; it can be {', '.join(OUTCOMES)}."
            )
    runs = given.runs
    if runs is not None and not (runs.isascii() and runs.isdigit() and 0 < int(runs) < 10**9):
        raise FakeUsageError(f"--runs is {runs!r}; it must be a number from 1 on.")
    return Plan(
        start=None if given.start is None else moment("--start", given.start),
        resume=_optional_moment("--start-timestamp", given.start_timestamp),
        until=_optional_moment("--until", given.until),
        length=None if given.length is None else duration("--for", given.length),
        runs=None if runs is None else int(runs),
        fails=failing(given.fail, ids),
        takes={
            name: duration(f"--take {name}", str(text))
            for name, text in pairs(given.take, "--take").items()
        },
        outcomes=outcomes,
        now=checks.moment("now", time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())),
    )


def _optional_moment(option: str, text: str | None) -> int | None:
    return None if text is None else moment(option, text)


def _known_alone(plan: Plan, reading: Reading) -> Plan:
    """A plan without what one of two definitions does not have."""
    ids = {held["id"] for held in reading.request["pipelineObjects"]}
    return dataclasses.replace(
        plan,
        fails=[held for held in plan.fails if held[0] in ids or held[0] == "*"],
        takes={name: held for name, held in plan.takes.items() if name in ids or name == "*"},
    )


def _to_terminal(text: str) -> None:
    if sys.stderr.isatty():
        print(text, end="", file=sys.stderr, flush=True)


def _write(text: str, output: str | None) -> None:
    if output is None:
        print(text)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise FakeUsageError(f"--output {output!r} cannot be written: {error.strerror}.") from None
