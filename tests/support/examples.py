"""How many examples Hypothesis tries: few every day, many where a run is to be thorough.

The profile `quick` is the default; `HYPOTHESIS_PROFILE=thorough` chooses the other. Each run tries
other examples, but for `HYPOTHESIS_SAME=1`: whether a change lands is not to depend on luck.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

_THOROUGH = 100


def load_profile() -> None:
    """Load the profile that the environment names."""
    same = os.environ.get("HYPOTHESIS_SAME") == "1"
    for name, count in (("quick", 20), ("thorough", _THOROUGH)):
        settings.register_profile(name, max_examples=count, deadline=None, derandomize=same)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def examples(thorough: int, **more: Any) -> settings:
    """So many examples in a thorough run; a fifth of them, but ten at least, in a quick one."""
    share = settings().max_examples / _THOROUGH
    count = min(thorough, max(10, round(thorough * share)))
    return settings(max_examples=count, deadline=None, **more)
