"""The errors that the service answers with."""

from __future__ import annotations


class ServiceError(Exception):
    """An error answer: its code (`__type` in the body), its text and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def task_not_found() -> ServiceError:
    # The service's own text was never published; this is the shape's description in AWS's model.
    return ServiceError("TaskNotFoundException", "The specified task was not found.")


def pipeline_deleted(pipeline_id: str) -> ServiceError:
    """The recorded text, also for pipelines deleted long ago."""
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
    """The ValidationException for parameters that violate the constraints of the model."""
    count = len(violations)
    plural = "error" if count == 1 else "errors"
    return ServiceError(
        "ValidationException", f"{count} validation {plural} detected: {'; '.join(violations)}"
    )


_BAD_TOKEN = "The security token included in the request is invalid."
_EXPIRED_TOKEN = "The security token included in the request is expired."
_BAD_SIGNATURE = "The signature of the request is not the one that was expected."
# Codes that any operation can answer with, though AWS's model lists them for none, each with the
# status and the text that the fake answers.
COMMON_ERRORS: dict[str, tuple[int, str]] = {
    "ThrottlingException": (400, "Rate exceeded"),
    "ValidationException": (400, "1 validation error detected"),
    "AccessDeniedException": (400, "User is not authorized to perform this operation."),
    "UnrecognizedClientException": (400, _BAD_TOKEN),
    "InternalFailure": (500, ""),
    "ServiceUnavailable": (503, ""),
    # Names that other AWS services and proxies use. botocore knows many of them, and retries those
    # for throttling and transient failures.
    "AccessDenied": (403, "Access Denied"),
    "AuthFailure": (401, "The request could not be authenticated."),
    "ExpiredToken": (403, _EXPIRED_TOKEN),
    "ExpiredTokenException": (400, _EXPIRED_TOKEN),
    "IncompleteSignature": (400, "The signature of the request is not complete."),
    "IncompleteSignatureException": (400, "The signature of the request is not complete."),
    "InternalServerError": (500, "An internal error occurred."),
    "InvalidClientTokenId": (403, _BAD_TOKEN),
    "InvalidSignatureException": (403, _BAD_SIGNATURE),
    "LimitExceededException": (400, "A limit was exceeded."),
    "MissingAuthenticationToken": (403, "The request has no authentication token."),
    "MissingAuthenticationTokenException": (403, "The request has no authentication token."),
    "NotAuthorized": (400, "User is not authorized to perform this operation."),
    "OptInRequired": (403, "The account has not subscribed to the service."),
    "PriorRequestNotComplete": (400, "The request before this one has not completed."),
    "ProvisionedThroughputExceededException": (400, "Rate exceeded"),
    "RequestExpired": (400, "The request has expired."),
    "RequestLimitExceeded": (503, "Request limit exceeded."),
    "RequestThrottled": (400, "Rate exceeded"),
    "RequestThrottledException": (400, "Rate exceeded"),
    "RequestTimeTooSkewed": (403, "The time of the request differs too much from the service's."),
    "RequestTimeout": (400, "The request did not arrive in time."),
    "RequestTimeoutException": (408, "The request did not arrive in time."),
    "SerializationException": (400, "The request could not be read."),
    "ServiceUnavailableException": (503, "The service is unavailable."),
    "SignatureDoesNotMatch": (403, _BAD_SIGNATURE),
    "SlowDown": (503, "Please reduce your request rate."),
    "ThrottledException": (400, "Rate exceeded"),
    "Throttling": (400, "Rate exceeded"),
    "TooManyRequestsException": (429, "Too many requests"),
    "UnknownOperationException": (400, "The operation is not known."),
}
