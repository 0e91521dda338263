"""How long the commands take on definition files."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import Row

from pytest_datapipeline._check.verdict import judge
from pytest_datapipeline._definitions.reader import read_one

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLE = Path(__file__).parents[1] / "examples" / "definitions" / "reports.json"
# A process takes a third of a second: a few of them say enough.
_PROCESSES = 5


def _program(*arguments: str) -> float:
    """Seconds of the program, its start included."""
    command = [sys.executable, "-m", "pytest_datapipeline", *arguments]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def _median(*arguments: str) -> float:
    return statistics.median(_program(*arguments) for _ in range(_PROCESSES))


def _year() -> list[dict[str, Any]]:
    """A year of daily runs of 20 activities, each after another one."""
    objects: list[dict[str, Any]] = [
        {"id": "Default", "schedule": {"ref": "S"}, "workerGroup": "wg", "scheduleType": "cron"},
        {
            "id": "S",
            "type": "Schedule",
            "period": "1 day",
            "startDateTime": "2030-01-01T00:00:00",
            "occurrences": "365",
        },
    ]
    for number in range(20):
        made: dict[str, Any] = {
            "id": f"A{number}",
            "type": "ShellCommandActivity",
            "command": f"run {number} #{{format(@scheduledStartTime, 'YYYY-MM-dd')}}",
        }
        if number:
            made["dependsOn"] = {"ref": f"A{(number - 1) // 2}"}
        objects.append(made)
    return objects


def checking(_: int) -> Iterator[Row]:
    """One small file with the start, and 100 without it."""
    yield Row(
        "`check` of a small file, start included", "", _median("check", str(_EXAMPLE)), 1, "s"
    )
    start = time.perf_counter()
    for _ in range(100):
        judge(read_one(_EXAMPLE), 0)
    yield Row("checking 100 definitions", "", time.perf_counter() - start, 2, "s")


def previewing(_: int) -> Row:
    """A year, with the start."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "year.json"
        file.write_text(json.dumps(_year()), encoding="utf-8")
        seconds = _median("preview", str(file), "--runs", "365")
    return Row("`preview` of a year of 20 activities, start included", "", seconds, 1.5, "s")


ROWS = (checking, previewing)
