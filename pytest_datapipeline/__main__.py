"""`python -m pytest_datapipeline serve`, and the command `pytest-datapipeline`."""

from __future__ import annotations

import sys


def run() -> int:
    """The command, which may be interrupted while it is still being loaded."""
    try:
        from ._http.serve import main
    except KeyboardInterrupt:
        return 130
    return main(for_good=True)


if __name__ == "__main__":
    sys.exit(run())
