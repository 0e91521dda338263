"""What botocore makes of a response. What its Stubber has private and is relied on is all here."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from .._clients.hooks import MovedParts
from .._service.protocol import model
from ..errors import FakeUsageError, told_by_message

__tracebackhide__ = told_by_message


class AnyClient:
    """Stands for all clients where botocore's Stubber asks its client for the service's model.

    A client proper would read the machine's AWS configuration, which is no affair of a test's.
    """

    def __init__(self) -> None:
        methods = {method: operation for operation, method in model.operations().items()}
        self.meta = SimpleNamespace(
            service_model=model.service_model(), method_to_api_mapping=methods
        )
        for method in methods:
            setattr(self, method, self._no_call)

    @staticmethod
    def _no_call(**_: Any) -> None:
        raise FakeUsageError(
            "A DataPipelineStubber answers all clients, and has none of its own: make one with "
            "boto3.client('datapipeline'), or use the fixture datapipeline_client."
        )


def take_back(stubber: Any) -> tuple[int, dict[str, Any]]:
    """What botocore's Stubber has just checked and put into its queue; a copy, free of aliases."""
    try:
        http_response, parsed = stubber._queue.pop()["response"]
    except (AttributeError, LookupError, TypeError, ValueError):
        raise MovedParts(
            "This botocore has changed the queue of botocore.stub.Stubber, which "
            "pytest-datapipeline is built on. Install an older botocore or a newer "
            "pytest-datapipeline."
        ) from None
    return http_response.status_code, copy.deepcopy(dict(parsed))
