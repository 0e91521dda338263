"""Makes the pages of the reference that code can tell: settings, command line, control API.

python docs/reference.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from generated import write

from pytest_datapipeline import __main__ as commands
from pytest_datapipeline._http.controls import Server
from pytest_datapipeline.settings import OF_SESSION, ON_COMMAND_LINE, Option, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOLDER = Path(__file__).parent / "reference"

# -- settings -------------------------------------------------------------------------------------

# The first setting of each group; the others follow it in the order in which the code has them.
_GROUPS = {
    "start": "Time",
    "region": "Clients and the test",
    "running_from": "What AWS leaves open",
    "shuffle": "Stricter than most tests need",
    "secrets": "A pipeline's surroundings",
    "allow_real_calls": "The session",
}

_SETTINGS = """# Settings

A setting has one name everywhere. Where it is written says what it holds for:

| for | written as |
|---|---|
| one test, class or module | `@pytest.mark.datapipeline(start="2024-01-01T00:00:00")`; the closest marker wins |
| the whole suite | the ini option `datapipeline_start = 2024-01-01T00:00:00` |
| one run of pytest | `--datapipeline-start 2024-01-01T00:00:00`, where the table says so |
| a fake of your own | `DataPipelineFake(start="2024-01-01T00:00:00")` |
| `pytest-datapipeline serve` | `--setting start=2024-01-01T00:00:00`, and the body of [reset](control_api.md) |

A marker wins over the command line, which wins over the ini file.

<!-- This page is made by `python docs/reference.py`; the settings stand in `pytest_datapipeline/settings.py`
and `pytest_datapipeline/_service/settings.py`. -->"""

_SESSION = """
Not arguments of `DataPipelineFake`: they are about what surrounds fakes. `guard` and `allow_real_calls`
can be given to the marker too; `report=True` of the marker asks for a [page](../timeline.md#pages) of that
test.
"""

_FILES = """## Definition files as tests

| ini option | what it is |
|---|---|
| `datapipeline_definitions` | [definition files that are tests](../definitions.md#definition-files-as-tests), as `pipelines/*.json`; a pattern that matches no file is warned of, and the session does not start if none matches any |
| `datapipeline_ignored_advice` | ids of [rules of advice](../advice.md) that are off for these files; `advice` for all |
"""


def settings_page() -> str:
    """Every setting, with its default, its values and where it can be given."""
    parts = [_SETTINGS]
    for option in (*options(), *OF_SESSION):
        if option.name in _GROUPS:
            title = _GROUPS[option.name]
            parts.append(f"\n## {title}\n{_SESSION if title == 'The session' else ''}")
            parts.append("| setting | default | what it is | command line |\n|---|---|---|---|")
        parts.append(_setting(option))
    return "\n".join([*parts, "", _FILES])


def _setting(option: Option) -> str:
    text = option.help
    if option.choices:
        text += f" ({' or '.join(f'`{choice}`' for choice in option.choices)})"
    flag = ""
    if option.name in ON_COMMAND_LINE:
        flag = f"`--datapipeline-{option.name.replace('_', '-')}`"
    default = _default(option)
    return f'| <a id="{option.name}"></a>`{option.name}` | {default} | {text} | {flag} |'


def _default(option: Option) -> str:
    if option.default is None or option.default == "":
        return ""
    if isinstance(option.default, bool):
        return "true" if option.default else "false"
    return f"`{option.default:g}`" if isinstance(option.default, float) else f"`{option.default}`"


# -- command line ---------------------------------------------------------------------------------

_COMMAND_LINE = """# Command line

```text
pytest-datapipeline COMMAND ...
python -m pytest_datapipeline COMMAND ...
```

The options of pytest are with the [settings](settings.md), but for these:

| option of pytest | what it does |
|---|---|
| `--datapipeline-replay RUN` | makes [one run of an exploration](../explore.md) again |
| `--datapipeline-update-snapshots` | keeps what [definition files](../definitions.md#definition-files-as-tests) run beside them |

<!-- This page is made by `python docs/reference.py`, from the parsers of the commands. -->
"""
_GUIDES = {
    "check": "The guide to it is [Check](../definitions.md#check).",
    "preview": "The guide to it is [Preview](../definitions.md#preview).",
    "explain": "It tells what [Messages](../messages.md), [Rules for runners](../contract.md) and "
    "[Advice](../advice.md) tell.",
    "serve": "The guide to it is [Other processes and languages](../how-to/processes.md); what it "
    "answers beside the service is the [control API](control_api.md).",
}


def command_line_page() -> str:
    """Every command with its arguments."""
    parts = [_COMMAND_LINE]
    for name, (what, _) in commands._COMMANDS.items():
        parser = _parser_of(name)
        parts.append(f"## {name}\n\n{what[0].upper()}{what[1:]}. {_GUIDES[name]}\n")
        parts.append("| argument | what it is |\n|---|---|")
        parts += _arguments(parser)
        if parser.epilog:
            parts.append(f"\n{' '.join(parser.epilog.split())}")
        parts.append("")
    return "\n".join(parts)


class _Asked(Exception):
    """A parser was about to parse."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def _parser_of(name: str) -> argparse.ArgumentParser:
    def ask(self: argparse.ArgumentParser, *_: object) -> None:
        raise _Asked(self)

    module = import_module(f"pytest_datapipeline.{commands._COMMANDS[name][1]}")
    try:
        with patch.object(argparse.ArgumentParser, "parse_args", ask):
            module.main([])
    except _Asked as asked:
        parser = asked.parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices[name]  # type: ignore[no-any-return]  # a parser
    return parser


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        name = ", ".join(action.option_strings) or str(action.metavar)
        if action.option_strings and action.nargs != 0:
            choices = "|".join(map(str, action.choices)) if action.choices else None
            name += f" {action.metavar or choices or action.dest.upper()}"
        text = (action.help or "") % {"default": action.default, "prog": parser.prog}
        yield f"| `{_cell(name)}` | {_cell(text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- control API ----------------------------------------------------------------------------------

_CONTROL_API = """# Control API

What `pytest-datapipeline serve` answers beside the service, so that a test in any language can do what a
Python test does: POST with a body of JSON to `/_control/NAME`; what changes nothing can be had by GET too.
Arguments are those of the Python methods. What cannot be done is answered with status 400, an unknown name
with 404, each with `{"message": "..."}`. Where `serve` has a token, every request needs the header
`Authorization: Bearer TOKEN`.

The same as an OpenAPI document: [control_api.json](control_api.json).

<!-- This page is made by `python docs/reference.py`; the controls stand in
`pytest_datapipeline/_http/controls.py`. -->
"""
# What each does, and what it answers.
_CONTROLS = {
    "advance": ("Moves the clock by so many seconds.", {"now": "a moment"}),
    "enqueue": (
        "Puts a task into the queue of a worker group, as `datapipeline_fake.enqueue` does. A "
        'reference is `{"ref": "Id"}`.',
        {"instanceId": "its id", "pipelineId": "its pipeline's"},
    ),
    "activate": (
        "Creates and activates a pipeline: of a `definition` in JSON, or of the `text` of a file, of "
        "which `file` tells the name.",
        {"pipelineId": "its id", "name": "its name", "state": "its state"},
    ),
    "fail": (
        "Plans a [fault](../how-to/errors.md) of calls of an `operation` that have the `parameters`.",
        {"planned": "the fault, in words"},
    ),
    "calls": (
        "Tells all calls.",
        {"calls": "a list of objects with `operation`, `parameters`, `time`, `response`, `error`"},
    ),
    "tasks": (
        "Tells how all tasks stand.",
        {
            "tasks": "a list of objects with `instanceId`, `pipelineId`, `workerGroup`, `status`, "
            "`attempts`"
        },
    ),
    "findings": (
        "Tells what task runners did that AWS asks them not to do, by [its rules](../contract.md).",
        {
            "findings": "a list of objects with `rule`, `strength`, `text`, `times`, `asked`, "
            "`source`, `remedy`"
        },
    ),
    "now": ("Tells the time.", {"now": "a moment"}),
    "reset": (
        "Starts afresh, with the [settings](settings.md) in the body until the next reset.",
        {"now": "a moment"},
    ),
}
_SCHEMAS: Mapping[str, Any] = {
    "a string": {"type": "string"},
    "a number": {"type": "number"},
    "an integer": {"type": "integer"},
    "true or false": {"type": "boolean"},
    "an object": {"type": "object"},
    "an object or a list": {"type": ["object", "array"]},
    "the name of an error or an HTTP status": {"type": ["string", "integer"]},
}


def _verbs() -> dict[str, Any]:
    server = Server()
    try:
        return dict(server._verbs)
    finally:
        server.fake._world.time.close()


def control_api_page() -> str:
    """Every control with what it takes and answers."""
    parts = [_CONTROL_API]
    for name, verb in _verbs().items():
        what, answer = _CONTROLS[name]
        method = "POST" if verb.changes else "GET or POST"
        parts.append(f"## {name}\n\n{method} `/_control/{name}`. {what}\n")
        if name == "reset":
            parts.append("It takes every setting by its name.\n")
        elif verb.needed or verb.optional:
            parts.append("| in the body | | |\n|---|---|---|")
            parts += [f"| `{key}` | {kind.text} | needed |" for key, kind in verb.needed.items()]
            parts += [f"| `{key}` | {kind.text} | |" for key, kind in verb.optional.items()]
            parts.append("")
        told = "; ".join(f"`{key}`, {text}" for key, text in answer.items())
        parts.append(f"It answers {told}.\n")
    return "\n".join(parts)


def control_api_document() -> str:
    """The same as OpenAPI."""
    paths: dict[str, Any] = {}
    for name, verb in _verbs().items():
        what, answer = _CONTROLS[name]
        taken = {**verb.needed, **verb.optional}
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {key: _SCHEMAS[kind.text] for key, kind in taken.items()},
            "additionalProperties": False,
        }
        if verb.needed:
            schema["required"] = list(verb.needed)
        done = {
            "type": "object",
            "properties": {key: {"description": text} for key, text in answer.items()},
        }
        operation = {
            "operationId": name,
            "description": what,
            "responses": {
                "200": {"description": "Done.", "content": {"application/json": {"schema": done}}},
                "400": {"$ref": "#/components/responses/Refused"},
            },
        }
        body = {"content": {"application/json": {"schema": schema}}, "required": bool(verb.needed)}
        paths[f"/_control/{name}"] = {"post": {**operation, "requestBody": body}}
        if not verb.changes:
            paths[f"/_control/{name}"]["get"] = {**operation, "operationId": f"get_{name}"}
    message = {"type": "object", "properties": {"message": {"type": "string"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "The control API of pytest-datapipeline", "version": "1"},
        "servers": [{"url": "http://127.0.0.1:4100"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Refused": {
                    "description": "It cannot be; the message says why.",
                    "content": {"application/json": {"schema": message}},
                }
            },
        },
    }
    return json.dumps(document, indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "command_line.md": command_line_page,
    "control_api.md": control_api_page,
    "control_api.json": control_api_document,
}


if __name__ == "__main__":
    sys.exit(write({FOLDER / name: page() for name, page in PAGES.items()}))
