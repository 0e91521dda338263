"""The endpoint that a test holds: the fake for other processes, with the environment they need."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import FakeUsageError, told_by_message

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .fake import DataPipelineFake
    from .transports.http import Endpoint

__tracebackhide__ = told_by_message

# The credentials that other processes are given; nobody looks at them.
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
# What would lead a client away from the endpoint.
_IN_THE_WAY = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


class DataPipelineEndpoint:
    """A fake behind HTTP on 127.0.0.1: for child processes, other languages, the AWS CLI.

    While it is entered, the environment of this process, which its children inherit, has the
    endpoint's URL, credentials and a region, so that a client needs no argument.

    Args:
        fake: the fake that answers.
        port: the port; 0 for a free one.

    Raises:
        FakeUsageError: the extra `endpoint` is not installed.
    """

    def __init__(self, fake: DataPipelineFake, port: int = 0) -> None:
        try:
            from .transports.http import Endpoint
        except ImportError:
            raise FakeUsageError(
                "The endpoint needs aiohttp, which is not installed: "
                "pip install 'pytest-datapipeline[endpoint]'."
            ) from None
        self._fake = fake
        self._endpoint: Endpoint = Endpoint(lambda: fake, port)
        self._before: dict[str, str | None] = {}

    def __repr__(self) -> str:
        return f"<DataPipelineEndpoint {self.url}>"

    @property
    def url(self) -> str:
        """Where clients find it, as `http://127.0.0.1:40001`."""
        return self._endpoint.url

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._endpoint.port

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds it, for one that does not inherit ours."""
        return {
            "AWS_ENDPOINT_URL_DATA_PIPELINE": self.url,
            "AWS_DEFAULT_REGION": self._fake.region,
            "AWS_REGION": self._fake.region,
            # No instance profile is asked for where there are none of the others.
            "AWS_EC2_METADATA_DISABLED": "true",
            **_CREDENTIALS,
        }

    def __enter__(self) -> Self:
        if self._fake._endpoint is not None:
            raise FakeUsageError(
                f"This fake has an endpoint already, {self._fake._endpoint.url}: a test has one."
            )
        self._endpoint.start()
        self._fake._endpoint = self
        self._before = {name: os.environ.get(name) for name in (*self.environment, *_IN_THE_WAY)}
        for name in _IN_THE_WAY:
            os.environ.pop(name, None)
        os.environ.update(self.environment)
        self._fake._time.expected = self._expected
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._fake._endpoint = None
        self._endpoint.stop()

    def _expected(self) -> str | None:
        """Why time waits: a process takes its time to start, and nobody sees it coming."""
        if self._endpoint.requests or self._fake.calls:
            return None
        return f"no client has come to {self.url} yet"
