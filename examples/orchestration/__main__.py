"""`python -m orchestration FILE --name NAME`: deploys a pipeline, runs it, reports failures."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from . import Definition, Gone, InvalidDefinition, NotValid, Orchestrator, TookTooLong

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orchestration", description=__doc__)
    parser.add_argument("file", type=Path, help="a definition in the format of the AWS CLI")
    parser.add_argument("--name", required=True, help="of the pipeline")
    parser.add_argument(
        "--value", action="append", default=[], metavar="ID=VALUE", help="of a parameter"
    )
    parser.add_argument("--reruns", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--poll", type=float, default=300, help="seconds, default: %(default)s")
    parser.add_argument("--delete", action="store_true", help="delete the pipeline in the end")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    orchestrator = Orchestrator()
    try:
        definition = Definition.read(options.file).with_values(
            dict(value.split("=", 1) for value in options.value)
        )
        pipeline_id = orchestrator.deploy(options.name, definition)
        orchestrator.activate(pipeline_id, definition)
        failures = orchestrator.run(pipeline_id, reruns=options.reruns, poll=options.poll)
        if options.delete:
            orchestrator.delete(pipeline_id)
    except (InvalidDefinition, NotValid, Gone, TookTooLong, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except (ClientError, BotoCoreError) as error:
        print(f"AWS Data Pipeline: {error}", file=sys.stderr)
        return 3
    for failure in failures:
        print(failure)
    print(f"{pipeline_id}: {'failed' if failures else 'done'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
