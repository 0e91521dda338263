"""What is done with a pipeline: deploy it, wait for it, say what failed, run that again."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_datapipeline import DataPipelineClient

    from .definition import Definition

log = logging.getLogger(__name__)

FAILED = ("FAILED", "TIMEDOUT")
# DescribeObjects takes so many ids at once, by its documentation.
_CHUNK = 25


class NotValid(Exception):
    """The service found errors in the definition."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        lines = [f"{name}: {text}" for name, texts in errors.items() for text in texts]
        super().__init__("\n".join(["the definition is not valid:", *lines]))
        self.errors = errors


class Gone(Exception):
    """The pipeline was deleted while it was waited for."""


class TookTooLong(Exception):
    """The pipeline was not done in time."""


@dataclass(frozen=True)
class FailedRun:
    """One instance that failed, with what its last attempt told."""

    instance_id: str
    component: str
    scheduled_start: str
    error_id: str
    error_message: str
    logs: str

    def __str__(self) -> str:
        told = f"{self.error_id}: {self.error_message}" if self.error_id else "no error was told"
        return f"{self.component} of {self.scheduled_start} failed ({told}); logs: {self.logs}"


class Orchestrator:
    """Operates pipelines through a client."""

    def __init__(self, client: DataPipelineClient | None = None) -> None:
        self._client = client or boto3.client("datapipeline")

    def deploy(self, name: str, definition: Definition, *, unique_id: str | None = None) -> str:
        """Create a pipeline, unless it is there, and put its definition.

        Raises:
            NotValid: the service found errors; nothing must be activated.
        """
        # The same name and unique id give the same pipeline, however often this runs.
        made = self._client.create_pipeline(name=name, uniqueId=unique_id or name)
        pipeline_id = made["pipelineId"]
        answer = self._client.put_pipeline_definition(
            pipelineId=pipeline_id,
            pipelineObjects=definition.objects,  # type: ignore[arg-type]  # of a file
            parameterObjects=definition.parameters,  # type: ignore[arg-type]  # of a file
            parameterValues=definition.value_list,
        )
        for warning in answer["validationWarnings"]:
            for text in warning["warnings"]:
                log.warning("%s: %s", warning["id"], text)
        # Errors come with status 200.
        if answer["errored"]:
            raise NotValid({held["id"]: held["errors"] for held in answer["validationErrors"]})
        return pipeline_id

    def activate(self, pipeline_id: str, definition: Definition) -> None:
        """Start it. The values given here take the place of all that were put."""
        self._client.activate_pipeline(
            pipelineId=pipeline_id, parameterValues=definition.value_list
        )

    def state(self, pipeline_id: str) -> str:
        try:
            answer = self._client.describe_pipelines(pipelineIds=[pipeline_id])
        except self._client.exceptions.PipelineDeletedException as error:
            raise Gone(f"{pipeline_id} has been deleted") from error
        fields = answer["pipelineDescriptionList"][0]["fields"]
        return next(held["stringValue"] for held in fields if held["key"] == "@pipelineState")

    def wait(
        self, pipeline_id: str, *, poll: float = 300, timeout: float = 7 * 86_400
    ) -> list[FailedRun]:
        """Wait until it has finished, or until something has failed; what has failed.

        A pipeline has no state for failure: one whose runs have failed finishes as well.

        Raises:
            Gone: it was deleted.
            TookTooLong: it was not done within so many seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            state = self.state(pipeline_id)
            failures = self.failures(pipeline_id)
            if failures or state in ("FINISHED", "INACTIVE"):
                return failures
            if state == "DELETING":
                raise Gone(f"{pipeline_id} is being deleted")
            if time.monotonic() > deadline:
                raise TookTooLong(f"{pipeline_id} is {state} after {timeout:g} seconds")
            time.sleep(poll)

    def failures(self, pipeline_id: str) -> list[FailedRun]:
        """The instances that have failed, with the errors of their last attempts."""
        # One status per selector is all that the service takes.
        found = [held for status in FAILED for held in self._query(pipeline_id, status)]
        instances = list(self._described(pipeline_id, found))
        heads = [held["@headAttempt"] for held in instances if "@headAttempt" in held]
        attempts = {held["@id"]: held for held in self._described(pipeline_id, heads)}
        failed = []
        for instance in instances:
            attempt = attempts.get(instance.get("@headAttempt", ""), {})
            failed.append(
                FailedRun(
                    instance["@id"],
                    instance["@componentParent"],
                    instance["@scheduledStartTime"],
                    attempt.get("errorId", ""),
                    attempt.get("errorMessage", ""),
                    attempt.get("@logLocation", "none"),
                )
            )
        return sorted(failed, key=lambda run: (run.scheduled_start, run.component))

    def rerun(self, pipeline_id: str, failures: list[FailedRun]) -> None:
        """Run again what failed; under cascade, what depends on it follows."""
        self._client.set_status(
            pipelineId=pipeline_id,
            objectIds=[run.instance_id for run in failures],
            status="RERUN",
        )

    def run(self, pipeline_id: str, *, reruns: int = 3, poll: float = 300) -> list[FailedRun]:
        """Wait for the pipeline, and run again what fails; what is failed in the end."""
        for _ in range(reruns):
            failures = self.wait(pipeline_id, poll=poll)
            if not failures or self.state(pipeline_id) == "FINISHED":
                return failures
            for failure in failures:
                log.error("%s; it is run again", failure)
            self.rerun(pipeline_id, failures)
        return self.wait(pipeline_id, poll=poll)

    def delete(self, pipeline_id: str) -> None:
        self._client.delete_pipeline(pipelineId=pipeline_id)

    def _query(self, pipeline_id: str, status: str) -> Iterator[str]:
        pages = self._client.get_paginator("query_objects").paginate(
            pipelineId=pipeline_id,
            sphere="INSTANCE",
            query={
                "selectors": [
                    {"fieldName": "@status", "operator": {"type": "EQ", "values": [status]}}
                ]
            },
        )
        for page in pages:
            yield from page.get("ids", [])

    def _described(self, pipeline_id: str, ids: list[str]) -> Iterator[dict[str, str]]:
        for start in range(0, len(ids), _CHUNK):
            answer = self._client.describe_objects(
                pipelineId=pipeline_id, objectIds=ids[start : start + _CHUNK]
            )
            for held in answer["pipelineObjects"]:
                fields = {
                    field["key"]: field.get("stringValue") or field.get("refValue", "")
                    for field in held["fields"]
                }
                yield {"@id": held["id"], **fields}
