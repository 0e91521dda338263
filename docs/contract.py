"""Makes docs/contract.md from the rules.

python docs/contract.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write

from pytest_datapipeline._contract.rule import MEANING, Rule
from pytest_datapipeline._contract.rules import CHAPTERS, RULES

PAGE = Path(__file__).parent / "contract.md"

_HEAD = """# The contract of a task runner

What AWS asks of a task runner and of the programs around it, as the fake checks it over the calls
of a test: `datapipeline_fake.findings`. Rules that need something to go wrong first, such as a
throttled call, find nothing where the test has nothing go wrong.

A strength says how sure a rule is: *breaks AWS's rules* is written by AWS and becomes a
`ContractWarning`; *against AWS's advice* is written as advice, or AWS contradicts itself;
*follows from AWS's rules* is our conclusion.

The setting `ignored_rules` turns a rule off, for a test or for the whole suite:
[A finding that is wrong for my test](how-to/findings.md#a-finding-that-is-wrong-for-my-test).

<!-- This page is made by `python docs/contract.py`; the rules stand in
`pytest_datapipeline/_contract/rules`. -->
"""

_NOT_SEEN = """## What calls alone do not show

- A runner that reads `answer["taskObject"]` of an empty poll and dies of the KeyError: to the
  fake it is one that has stopped. The same for one that an error of the service ends.
- A runner that takes the first of `objects` for its attempt, reads fields by their position,
  takes ids apart, or does work twice when a task comes twice. `shuffle=True` has objects and
  fields come in an arbitrary order; what it did wrong shows in what it does.
- Calls faster than AWS allows, where each brings work: virtual time does not pass while your code
  works.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, f"{len(RULES)} rules.\n"]
    for title, module in CHAPTERS.items():
        parts += [f"## {title}\n", "| rule | strength | AWS | source | what to do |"]
        parts += ["|---|---|---|---|---|"]
        parts += [_row(rule) for rule in RULES.values() if rule.check.__module__ == module.__name__]
        parts.append("")
    parts.append(_NOT_SEEN)
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    name = f'<a id="{rule.id}"></a>`{rule.id}`'
    cells = (name, MEANING[rule.strength], rule.asked, rule.source, rule.remedy)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(write({PAGE: page()}))
