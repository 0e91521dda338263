"""What holds for every test of the suite: no network, no credentials, nothing left behind, and no
answer that botocore's model of the service would not allow.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.examples import load_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester", "support.inner_pytest"]
load_profile()

# By these pytest chooses how wide and how coloured its report is and, on a CI server, that the
# summary shows messages whole. What the tests compare is what a developer sees in a terminal.
_LOOK_OF_A_REPORT = (
    *("BUILD_NUMBER", "CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR"),
    *("PYTEST_ADDOPTS", "PY_COLORS"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Let workers of pytest-xdist write down what coverage has measured. They do so as they exit,
    and are killed if that takes longer: ten seconds, which are few for a busy machine.
    """
    if config.pluginmanager.hasplugin("xdist"):
        from xdist.workermanage import NodeManager

        NodeManager.EXIT_TIMEOUT = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests play bad task runners, also in fakes that they make themselves. Among the
    options, this filter would import the package before pytest loads the plugin.
    """
    for item in items:
        item.add_marker(
            pytest.mark.filterwarnings("ignore::pytest_datapipeline.ContractWarning"), append=False
        )


@pytest.fixture(autouse=True)
def the_same_machine() -> Iterator[None]:
    """A machine without AWS: no region, no credentials, no files, and no network. pytest's reports
    look the same on each.
    """

    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        # The endpoint is on this machine, and so are those who call it.
        if not isinstance(address, tuple) or address[0] not in ("127.0.0.1", "::1"):
            raise AssertionError(f"a test connects to {address!r}")
        connect(self, address)

    # Not the fixture monkeypatch: a test's own patches must be gone when we look for leaks.
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name in _LOOK_OF_A_REPORT:
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setattr(socket.socket, "connect", refuse)
        yield


def _classes_of_aiobotocore() -> Iterator[type]:
    for module, name in (
        ("endpoint", "AioEndpoint"),
        ("session", "AioSession"),
        ("signers", "AioRequestSigner"),
    ):
        loaded = sys.modules.get(f"aiobotocore.{module}")
        if loaded is not None:
            yield getattr(loaded, name)


def _clocks_of_trio() -> Iterator[type]:
    trio: Any = sys.modules.get("trio")
    if trio is not None:
        yield from (trio._core._run.SystemClock, trio._core.MockClock)


def _world() -> dict[str, Any]:
    """What a fake touches while it is active."""
    from asyncio import selector_events
    from asyncio.base_events import BaseEventLoop

    import boto3
    from botocore.client import BaseClient
    from botocore.endpoint import Endpoint
    from botocore.handlers import BUILTIN_HANDLERS
    from botocore.httpsession import URLLib3Session
    from botocore.session import Session
    from botocore.signers import RequestSigner
    from freezegun import api

    classes: tuple[type, ...] = (
        *(BaseClient, Endpoint, URLLib3Session, Session, RequestSigner, BaseEventLoop),
        vars(selector_events)["_SelectorSocketTransport"],
        *_classes_of_aiobotocore(),
        *_clocks_of_trio(),
    )
    factories = (
        api.FrozenDateTimeFactory,
        api.StepTickTimeFactory,
        api.TickingDateTimeFactory,
    )
    return {
        **{
            f"{kind.__name__}.{name}": value
            for kind in (*classes, *factories)
            for name, value in vars(kind).items()
            if callable(value)
        },
        "handlers": list(BUILTIN_HANDLERS),
        "environment": {
            name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"
        },
        "thread errors": threading.excepthook,
        "time.sleep": time.sleep,
        "time.time": time.time,
        "default session": boto3.DEFAULT_SESSION,
    }


@pytest.fixture(scope="session", autouse=True)
def one_loader_of_botocore_s_data() -> Iterator[None]:
    """Every session of the suite reads the service's model from one cache.

    Each test has a session of its own, so each would read the same files anew, which takes longer
    than the test.
    """
    from botocore.loaders import create_loader
    from botocore.session import Session

    shared = create_loader()

    def register(self: Session) -> None:
        self._components.register_component("data_loader", shared)  # type: ignore[attr-defined]  # private

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "_register_data_loader", register)
        yield


def _new_threads(older: set[threading.Thread]) -> list[threading.Thread]:
    """Those that have come, but for those that trio keeps for its next run."""
    return [
        thread
        for thread in threading.enumerate()
        if thread not in older and not thread.name.startswith("Trio thread ")
    ]


@pytest.fixture(autouse=True)
def nothing_is_left_behind(the_same_machine: None) -> Iterator[None]:
    """botocore's classes, its built-in handlers, the environment and the threads are as before."""
    import boto3

    boto3.DEFAULT_SESSION = None
    before = _world()
    threads = set(threading.enumerate())
    yield
    boto3.DEFAULT_SESSION = None
    after = _world()
    assert after == before
    for thread in _new_threads(threads):
        thread.join(timeout=5)
    assert _new_threads(threads) == []


@pytest.fixture(autouse=True)
def answers_fit_the_model() -> Iterator[None]:
    """Every answer of the fake is one that botocore's model of the service allows."""
    from pytest_datapipeline._fake.responder import Responder
    from pytest_datapipeline._service.protocol import model

    original = Responder._answered

    def checked(self: Responder, call: Any, request: Any, answer: Any, lost: bool) -> Any:
        reply = original(self, call, request, answer, lost)
        problems = model.output_problems(call.operation, json.loads(reply.body or b"{}"))
        assert not problems, problems
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Responder, "_answered", checked)
        yield
