"""Makes docs/advice.md from the rules of advice.

python docs/advice.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write

from pytest_datapipeline._check.advice.rules import RULES

PAGE = Path(__file__).parent / "advice.md"

_HEAD = """# Advice

What `pytest-datapipeline check` says of a definition after AWS's own validation, and apart from
it. None of this is AWS's: the service takes all of it. Each rule is switched off by its id,
`--ignore ID`, and all of them by `--ignore advice`; with `--strict` they count as errors do.

Of [definition files that are tests](definitions.md#definition-files-as-tests), the item `advice` fails if
a rule has something to say. `datapipeline_ignored_advice = no-failure-alarm` in pytest's configuration
switches a rule off there, `datapipeline_ignored_advice = advice` all of them.

<!-- This page is made by `python docs/advice.py`; the rules stand in
`pytest_datapipeline/_check/advice`. -->

| id | what it finds | why that is seldom meant |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [
        f'| <a id="{rule.id}"></a>`{rule.id}` | {rule.title} | {rule.reason} |' for rule in RULES
    ]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(write({PAGE: page()}))
