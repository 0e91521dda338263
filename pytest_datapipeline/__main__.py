"""`python -m pytest_datapipeline serve`."""

from __future__ import annotations

import sys

from .serving import main

if __name__ == "__main__":
    sys.exit(main())
