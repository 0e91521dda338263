"""Speed, as ratios of two things measured side by side in one run.

A machine's speed drifts, so a time says little and a ratio much: the two sides of each row are
measured in turn, block by block, and the median of the blocks' ratios counts. With it are told the
quartiles, between which half of the blocks lie.

    python benchmarks/ratios.py [--quick] [--markdown] [--json FILE]

Ends with status 1 if a row is over its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import clients
import definitions
import growth
import pipelines
import tasks
import timelines
import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measure import Row

ROWS = (
    *tasks.ROWS,
    *pipelines.ROWS,
    *growth.ROWS,
    *clients.ROWS,
    *definitions.ROWS,
    *timelines.ROWS,
    *verdicts.ROWS,
)


def _of(measured: Row | Iterable[Row]) -> Iterable[Row]:
    # A benchmark gives one row, or several.
    return measured if isinstance(measured, Iterator) else (measured,)  # type: ignore[return-value]  # a row


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer blocks, for a first look")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    blocks = 7 if options.quick else 31

    rows = []
    if options.markdown:
        print("| what | against | measured | at most |\n|---|---|---|---|")
    for row in (row for measure in ROWS for row in _of(measure(blocks))):
        rows.append(row)
        figure = row.figure
        limit = f"{row.limit:g} {row.unit}"
        if options.markdown:
            print(f"| {row.what} | {row.against} | {figure} | {limit} |", flush=True)
        else:
            verdict = "ok" if row.holds else "OVER"
            print(f"{verdict:4} {figure:>24} of {limit:<10} {row.what} / {row.against}", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
