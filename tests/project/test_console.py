"""What pages show of a shell is run in one: `serve`, and what is said to it.

A page's commands share a folder with the definition files of the examples, and what is exported
holds for those after it. `serve` listens on a free port, which stands for the page's. A command
whose program is not installed is left out, and the test then tells so by being skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.pages import PAGES, Command, assert_shown, blocks, commands, make_definitions, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("aiohttp")

PORT = "4100"
# What `test_pages.py` runs, and what is run here.
IN_PROCESS = {"pytest", "pytest-datapipeline"}
IN_A_SHELL = {"aws", "curl", "export", "jq", "node"}
_WHAT = {"node": "node, with the SDK that JAVASCRIPT_SDK names"}
SDK = Path(os.environ.get("JAVASCRIPT_SDK", "nowhere")) / "node_modules"


def is_run_here(command: Command) -> bool:
    return (
        command.words[:2] == ["pytest-datapipeline", "serve"] or command.programs[0] in IN_A_SHELL
    )


class Shell:
    """A shell in a folder of its own, and the port on which `serve` listens for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
            "NODE_PATH": str(SDK),
        }
        self._server: subprocess.Popen[str] | None = None
        self._port = ""

    def lacks(self, program: str) -> bool:
        if program == "export":
            return False
        if program == "node" and not (SDK / "@aws-sdk" / "client-data-pipeline").is_dir():
            return True
        return shutil.which(program, path=self._environment["PATH"]) is None

    def run(self, command: Command) -> list[str]:
        """What a command prints."""
        if command.words[0] == "export":
            for text in command.words[1:]:
                name, _, value = text.partition("=")
                self._environment[name] = value.replace(PORT, self._port)
            return []
        if "serve" in command.words:
            return self._serve(command.words[2:])
        text = re.sub(rf"\b{PORT}\b", self._port, command.text)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", text],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return self._told(done.stdout)

    def _serve(self, arguments: list[str]) -> list[str]:
        self.end()
        place = arguments.index("--port") + 1
        free = [*arguments[:place], "0", *arguments[place + 1 :]]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "pytest_datapipeline", "serve", *free],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        printed = ""
        for line in self._server.stdout:
            printed += line
            if line.startswith("Ctrl-C"):
                break
        (self._port,) = set(re.findall(r"http://127\.0\.0\.1:(\d+)", printed))
        return self._told(printed)

    def _told(self, printed: str) -> list[str]:
        return re.sub(rf"\b{self._port}\b", PORT, printed).splitlines()

    def serve_if_nothing_does(self) -> None:
        if self._server is None:
            self._serve(["--port", PORT])

    def end(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGTERM)
            self._server.communicate(timeout=60)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    make_definitions(tmp_path)
    made = Shell(tmp_path)
    yield made
    made.end()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(is_run_here(command) for command in commands(page))],
    ids=name_of,
)
def test_what_a_page_shows_of_a_shell_is_so(shell: Shell, page: Path) -> None:
    left_out: set[str] = set()
    for command in filter(is_run_here, commands(page)):
        lacking = {name for name in command.programs if shell.lacks(name)}
        if lacking:
            left_out |= {_WHAT.get(name, name) for name in lacking}
            continue
        if "serve" not in command.words:
            shell.serve_if_nothing_does()
        else:
            assert command.shown
        printed = shell.run(command)
        assert bool(printed) == bool(command.shown), f"{command.text} prints {printed}"
        assert_shown(command.shown, printed)

    if left_out:
        pytest.skip(f"the rest passed; not installed: {', '.join(sorted(left_out))}")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_command_is_run_or_the_page_says_why_not(page: Path) -> None:
    programs = [name for command in commands(page) for name in command.programs]

    assert [name for name in programs if name not in IN_PROCESS | IN_A_SHELL] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_of_a_shell_is_a_console_or_one_of_the_readme_s(page: Path) -> None:
    """`.ci/readme-commands` runs those of the README, each in a new clone."""
    shells = {"bash", "shell", "sh"} - ({"sh"} if page.name == "README.md" else set())

    assert [block for block in blocks(page) if block.language in shells] == []
