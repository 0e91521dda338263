"""How the benchmarks measure: two sides in turn, block by block, and the median of their ratios."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore
from botocore.awsrequest import AWSResponse
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable


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


def ratio(one: Callable[[], float], other: Callable[[], float], blocks: int) -> float:
    """The median of one block's time over its neighbour's."""
    one()
    other()
    return statistics.median(one() / other() for _ in range(blocks))


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
