"""The command `pytest-datapipeline`, and `python -m pytest_datapipeline`."""

from __future__ import annotations

import sys
from importlib import import_module

# What each does, and where it lives: none is loaded for another, as `check` has to start at once.
_COMMANDS = {
    "check": ("whether definitions are valid, with advice of our own", "_check.command"),
    "preview": ("what a definition would run, and when", "_preview.command"),
    "explain": ("what a message or a rule means, and what to do", "_messages.command"),
    "serve": ("AWS Data Pipeline on a port of this machine, simulated", "_http.serve"),
}


def run() -> int:
    """The command, which may be interrupted while it is still being loaded."""
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name in ("-h", "--help"):
        print(_usage())
        return 0
    if name == "--version":
        from . import __version__

        print(f"pytest-datapipeline {__version__}")
        return 0
    if name not in _COMMANDS:
        from ._service.texts import did_you_mean

        what = f"{name!r} is no command.{did_you_mean(name, _COMMANDS)}" if name else "What to do?"
        print(f"{what}\n\n{_usage()}", file=sys.stderr)
        return 2
    module = import_module(f".{_COMMANDS[name][1]}", __package__)
    if name == "serve":
        return int(module.main(arguments, for_good=True))
    return int(module.main(arguments[1:]))


def _usage() -> str:
    rows = "\n".join(f"  {name:<9}{what}" for name, (what, _) in _COMMANDS.items())
    return (
        f"usage: pytest-datapipeline COMMAND ...\n\n{rows}\n\n"
        "`pytest-datapipeline COMMAND --help` tells more."
    )


if __name__ == "__main__":
    sys.exit(run())
