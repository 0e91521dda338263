"""The rules, by what they are about. Each is one function, and none knows another.

Imports the floor around it, by which it is imported in turn, and the service.
"""

from __future__ import annotations

from ..rule import RULES
from . import around, final_status, heartbeats, identity, polling, reporting, robustness

__all__ = ["RULES"]

# In the order of the docs.
CHAPTERS = {
    "Polling": polling,
    "Acknowledging and reporting": reporting,
    "The final status": final_status,
    "Which task, which attempt": identity,
    "Heartbeats": heartbeats,
    "Robustness": robustness,
    "Programs around the runner": around,
}
