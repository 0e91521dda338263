"""Rules: see the package."""

from __future__ import annotations

from . import Rule

RULES: tuple[Rule, ...] = ()
