"""The errors that the service answers with, as the wire knows them."""

from __future__ import annotations


class ServiceError(Exception):
    """An error answer: its code (`__type` on the wire), its text and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def task_not_found() -> ServiceError:
    # The service's own text was never published; this is the shape's description in AWS's model.
    return ServiceError("TaskNotFoundException", "The specified task was not found.")


def pipeline_deleted(pipeline_id: str) -> ServiceError:
    """Recorded to the letter, also for ids that were deleted long ago."""
    return ServiceError(
        "PipelineDeletedException", f"Pipeline with id: {pipeline_id} does not exist"
    )


def pipeline_not_found(pipeline_id: str) -> ServiceError:
    # The service's own text was never published; this follows the one above.
    return ServiceError(
        "PipelineNotFoundException", f"Pipeline with id: {pipeline_id} does not exist"
    )


def invalid_request(reason: str, detail: str) -> ServiceError:
    """An InvalidRequestException in the service's form, "reason: detail"."""
    return ServiceError("InvalidRequestException", f"{reason}: {detail}")


def validation(violations: list[str]) -> ServiceError:
    """The ValidationException for members that break the constraints of their shape."""
    count = len(violations)
    plural = "error" if count == 1 else "errors"
    return ServiceError(
        "ValidationException", f"{count} validation {plural} detected: {'; '.join(violations)}"
    )


# Codes that every operation can answer with although AWS's model lists them for none, with the
# status and the text that the fake gives them.
COMMON_ERRORS: dict[str, tuple[int, str]] = {
    "ThrottlingException": (400, "Rate exceeded"),
    "ValidationException": (400, "1 validation error detected"),
    "AccessDeniedException": (400, "User is not authorized to perform this operation."),
    "UnrecognizedClientException": (
        400,
        "The security token included in the request is invalid.",
    ),
    "InternalFailure": (500, ""),
    "ServiceUnavailable": (503, ""),
}
