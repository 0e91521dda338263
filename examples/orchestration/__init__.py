"""Creates, runs and watches a pipeline of AWS Data Pipeline."""

from .definition import Definition, InvalidDefinition
from .orchestrator import FailedRun, Gone, NotValid, Orchestrator, TookTooLong

__all__ = [
    "Definition",
    "FailedRun",
    "Gone",
    "InvalidDefinition",
    "NotValid",
    "Orchestrator",
    "TookTooLong",
]
