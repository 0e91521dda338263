"""What we chose where AWS is silent or contradicts itself."""

from __future__ import annotations

from . import Choice

CHOICES: tuple[Choice, ...] = ()
