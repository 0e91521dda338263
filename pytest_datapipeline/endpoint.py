"""The endpoint that a test holds: the fake for other processes, with the environment they need."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

from .errors import FakeUsageError, explained, told_by_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from ._http.server import Endpoint
    from .fake import DataPipelineFake

__tracebackhide__ = told_by_message

# What would lead a client away from the endpoint.
_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")
_HOST = "127.0.0.1"
_NO_PROXY = ("NO_PROXY", "no_proxy")


class DataPipelineEndpoint:
    """A fake behind HTTP on 127.0.0.1: for child processes, other languages, the AWS CLI.

    While it is entered, the environment of this process, which its children inherit, has the
    endpoint's URL, credentials and a region, so that a client needs no argument.

    Args:
        fake: the fake that answers.
        port: the port; 0 for a free one.
        shared: the URL of the endpoint of the whole session, if there is one: clients are led to
            that, and by their access key from there to here.

    Raises:
        FakeUsageError: the extra `endpoint` is not installed, or a port that is none.
    """

    def __init__(self, fake: DataPipelineFake, port: int = 0, shared: str | None = None) -> None:
        try:
            from ._http.server import ACCOUNT, Endpoint
        except ImportError:
            raise FakeUsageError(
                explained(
                    "The endpoint needs aiohttp, which is not installed: "
                    "pip install 'pytest-datapipeline[endpoint]'.",
                    about="extra-not-installed",
                )
            ) from None
        self._fake = fake
        # Each has an access key of its own, by which a process that has outlived an earlier test
        # is known.
        self._account = ACCOUNT + uuid4().hex[:14].upper()
        self._shared = shared
        self._endpoint: Endpoint = Endpoint(
            lambda: fake._world.responder, port, account=self._account
        )
        self._requests_before = 0
        self._at_entry = fake._start
        self._variables = Variables()
        self._undo: ExitStack | None = None

    def __repr__(self) -> str:
        return f"<DataPipelineEndpoint {self.url}>"

    @property
    def url(self) -> str:
        """Where clients find it, as `http://127.0.0.1:40001`."""
        return self._shared or self._endpoint.url

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._endpoint.port

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds it, for one that does not inherit ours."""
        return {
            **leading_to(self.url),
            "AWS_DEFAULT_REGION": self._fake.region,
            "AWS_REGION": self._fake.region,
            # No instance profile is asked for where there are none of the others.
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": self._account,
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def __enter__(self) -> Self:
        if self._undo is not None:
            raise FakeUsageError("A DataPipelineEndpoint can be entered once: make another.")
        with ExitStack() as undo:
            self._endpoint.start()
            undo.callback(self._endpoint.stop)
            self._at_entry = self._fake._mark()
            self._fake._attach(self.url, self._expected, self._starts)
            undo.callback(self._fake._detach)
            self._route(self._endpoint.url)
            undo.callback(self._route, None)
            undo.callback(self._variables.give_back)
            self._variables.change(self.environment, without=_IN_THE_WAY)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._undo is not None  # it has been entered
        self._undo.close()

    def _route(self, url: str | None) -> None:
        if self._shared is not None:
            from ._http.router import route

            route(self._shared, self._account, url)

    def _starts(self) -> None:
        self._requests_before = self._endpoint.requests

    def _expected(self) -> str | None:
        """Why time waits: a process takes its time to start, and nobody sees it coming."""
        # A fake of a wider scope has those of earlier tests.
        calls = self._fake.calls._made - self._fake._since(self._at_entry).made
        if self._endpoint.requests > self._requests_before or calls > 0:
            return None
        return f"no client has come to {self.url} yet"


class Variables:
    """Variables of this process's environment, changed until they are given back."""

    def __init__(self) -> None:
        self._before: dict[str, str | None] = {}

    def change(self, new: Mapping[str, str], without: Iterable[str] = ()) -> None:
        """Set some variables, and remove others."""
        self._before = {name: os.environ.get(name) for name in (*new, *without)}
        for name in without:
            os.environ.pop(name, None)
        os.environ.update(new)

    def give_back(self) -> None:
        """Have them be what they were."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def leading_to(url: str) -> dict[str, str]:
    """The variables that lead a process's clients to an endpoint, whatever surrounds it."""
    return {
        "AWS_ENDPOINT_URL_DATA_PIPELINE": url,
        # Set, and not just absent: the machine's configuration file may say otherwise.
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        **_without_proxy(),
    }


def _without_proxy() -> dict[str, str]:
    """The variables that name the hosts for which no proxy is asked, with ours among them."""
    found = {}
    for name, other in zip(_NO_PROXY, reversed(_NO_PROXY), strict=True):
        hosts = os.environ.get(name) or os.environ.get(other, "")
        listed = [host.strip() for host in hosts.split(",")]
        # A lone * stands for all hosts, and only alone.
        found[name] = hosts if {"*", _HOST} & set(listed) else f"{hosts},{_HOST}".lstrip(",")
    return found
