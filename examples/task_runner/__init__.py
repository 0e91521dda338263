"""A task runner for AWS Data Pipeline: it runs the commands of ShellCommandActivity tasks."""

from .runner import TaskRunner, make_client
from .shell import ShellProcess
from .task import InvalidTask, Task

__all__ = ["InvalidTask", "ShellProcess", "Task", "TaskRunner", "make_client"]
