"""How the benchmarks measure: two sides in turn, block by block, and the median of their ratios."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import botocore.endpoint
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from pytest_datapipeline._clients.session.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Median(float):
    """The median of what was measured block by block, with the quartiles: half of the blocks lie
    between them. Where they are far apart, the machine had other things to do.
    """

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Median:
        ordered = sorted(values)
        made = cls(statistics.median(ordered))
        made.low, _, made.high = statistics.quantiles(ordered, n=4, method="inclusive")
        return made


@dataclass
class Row:
    """One line of the table. `measured` and `limit` are in `unit`."""

    what: str
    against: str
    measured: float
    limit: float
    unit: str = "x"

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit

    @property
    def figure(self) -> str:
        """What was measured, and how far apart."""
        spread = ""
        if isinstance(self.measured, Median):
            spread = f" ({self.measured.low:.2f}-{self.measured.high:.2f})"
        return f"{self.measured:.2f}{spread} {self.unit}"


def timed(call: Callable[[], object], times: int, before: int = 0) -> float:
    """Seconds of `times` calls, with no garbage collected meanwhile, as timeit does it; after
    `before` more that do not count.
    """
    gc.collect()
    gc.disable()
    try:
        for _ in range(before):
            call()
        start = time.perf_counter()
        for _ in range(times):
            call()
        return time.perf_counter() - start
    finally:
        gc.enable()


def ratio(one: Callable[[], float], other: Callable[[], float], blocks: int) -> Median:
    """The median of one block's time over its neighbour's."""
    one()
    other()
    return Median.of(one() / other() for _ in range(blocks))


@contextmanager
def plugin_loaded() -> Iterator[None]:
    """The guard around botocore's calls, which every run of pytest has that loads the plugin."""
    guard = Guard(lambda: "aws", threading.current_thread())
    guard.on_botocore(botocore.endpoint)
    try:
        yield
    finally:
        guard.stop()


def client(**config: Any) -> Any:
    return boto3.client(
        "datapipeline",
        region_name="us-east-1",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=Config(read_timeout=100, **config),
    )


class Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, *_: object, **__: object) -> Any:
        yield self.body


def floor(operation: str, body: bytes, headers: dict[str, str]) -> Any:
    """A client whose calls are answered by two lines: as fast as a whole boto3 call can be."""

    def answer(request: Any, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, headers, Raw(body))  # type: ignore[arg-type]  # any mapping

    floor_client = client(signature_version=botocore.UNSIGNED)
    floor_client.meta.events.register(f"before-send.data-pipeline.{operation}", answer)
    return floor_client


def captured(listening: Any) -> list[Any]:
    """What a client gets from now on, as botocore's parser does."""
    got: list[Any] = []
    listening.meta.events.register(
        "response-received.data-pipeline.*",
        lambda response_dict, **_: got.append(response_dict),
    )
    return got
