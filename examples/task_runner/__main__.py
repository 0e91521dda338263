"""`python -m task_runner --worker-group NAME`: runs until a signal or the service ends it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .runner import TaskRunner, make_client

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m task_runner", description=__doc__)
    parser.add_argument(
        "--worker-group",
        action="append",
        required=True,
        dest="worker_groups",
        metavar="NAME",
        help="a worker group to poll for; may be given several times",
    )
    parser.add_argument("--region", help="default: as boto3 finds it")
    parser.add_argument("--output", type=Path, default=Path("output"), help="default: %(default)s")
    parser.add_argument("--taskrunner-id", metavar="ID", help="default: a new unique one")
    parser.add_argument(
        "--progress-interval",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="between two reports on a running task, default: %(default)s",
    )
    parser.add_argument(
        "--heartbeat-interval",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="default: %(default)s",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(message)s")
    runner = TaskRunner(
        options.worker_groups,
        options.output,
        client=make_client(options.region),
        taskrunner_id=options.taskrunner_id,
        progress_interval=options.progress_interval,
        heartbeat_interval=options.heartbeat_interval,
    )

    def stop(number: int, _frame: FrameType | None) -> None:
        # An open poll may take 90 seconds to end: a second signal does not wait for it.
        signal.signal(number, signal.SIG_DFL)
        runner.stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    runner.start()
    runner.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
