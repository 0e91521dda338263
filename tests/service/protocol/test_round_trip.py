"""All operations, there and back: what botocore writes is what we read, and the other way round.

Requests and answers are made from the shapes of botocore's service model, so that no operation and
no member of one is left out.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from pytest_datapipeline._service.errors import ServiceError
from pytest_datapipeline._service.protocol import aws_json, model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

    from pytest_datapipeline import DataPipelineFake

OPERATIONS = sorted(model.operations())
# The same examples at every run: these tests state facts, they do not look for new ones.
REPEATABLE = examples(15, derandomize=True, database=None)


# -- values, made from shapes ---------------------------------------------------------------------


def _strings(shape: Any) -> SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(shape.enum)
    characters = st.characters(exclude_categories=["Cs"])
    if "pattern" in shape.metadata:
        characters = st.characters(
            exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
        ) | st.sampled_from("\r\n\t")
    least = shape.metadata.get("min", 0)
    return st.text(characters, min_size=least, max_size=least + 8)


def _structures(shape: Any) -> SearchStrategy[dict[str, Any]]:
    members = {name: _values(member) for name, member in shape.members.items()}
    required = set(shape.required_members)
    return st.fixed_dictionaries(
        {name: values for name, values in members.items() if name in required},
        optional={name: values for name, values in members.items() if name not in required},
    )


def _values(shape: Any) -> SearchStrategy[Any]:
    kind = shape.type_name
    if kind == "structure":
        return _structures(shape)
    if kind == "list":
        return st.lists(_values(shape.member), max_size=3)
    if kind == "map":
        return st.dictionaries(_values(shape.key), _values(shape.value), max_size=3)
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(-(2**31), 2**31 - 1)
    if kind == "timestamp":
        # Whole seconds: whether botocore sends fractions depends on its version.
        first, last = datetime(1970, 1, 1), datetime(2100, 1, 1)
        moments = st.datetimes(first, last, timezones=st.just(timezone.utc))
        return moments.map(lambda moment: moment.replace(microsecond=0))
    assert kind == "string", f"a new kind of shape: {kind}"
    return _strings(shape)


@cache
def inputs(operation: str) -> SearchStrategy[dict[str, Any]]:
    return _structures(model.operation_model(operation).input_shape)


@cache
def outputs(operation: str) -> SearchStrategy[dict[str, Any]]:
    shape = model.operation_model(operation).output_shape
    return _structures(shape) if shape is not None else st.just({})


@cache
def errors(operation: str) -> SearchStrategy[tuple[str, int, str]]:
    codes = st.sampled_from(sorted(model.modelled_errors(operation).items()))
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
    return st.builds(lambda code, message: (*code, message), codes, text)


def as_sent(value: Any) -> Any:
    """The value as the protocol writes it: a time is a number of seconds."""
    if isinstance(value, dict):
        return {key: as_sent(held) for key, held in value.items()}
    if isinstance(value, list):
        return [as_sent(held) for held in value]
    if isinstance(value, datetime):
        return calendar.timegm(value.timetuple())
    return value


# -- a client whose requests a handler of the user's own answers ----------------------------------


@cache
def client() -> Any:
    return boto3.session.Session(
        aws_access_key_id="unused", aws_secret_access_key="unused", region_name="eu-west-1"
    ).client("datapipeline", config=Config(retries={"total_max_attempts": 1}))


class Wire:
    """Stands for the service: keeps the body of the latest request, and sends what it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.answer = b"{}"
        self.seen: list[bytes] = []

    def __call__(self, request: Any, **kwargs: Any) -> AWSResponse:
        self.seen.append(request.body)
        raw: Any = _Raw(self.answer)
        headers: Any = aws_json.headers(self.answer, "id", 0)
        return AWSResponse(request.url, self.status, headers, raw)


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


@pytest.fixture
def service(datapipeline_fake: DataPipelineFake) -> Iterator[Wire]:
    """A handler of before-send; the fake would answer if it did not."""
    handler = Wire()
    client().meta.events.register("before-send.data-pipeline", handler)
    yield handler
    client().meta.events.unregister("before-send.data-pipeline", handler)


def call(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    method = getattr(client(), model.operations()[operation])
    answer: dict[str, Any] = method(**parameters)
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    return answer


# -- the tests ------------------------------------------------------------------------------------


def test_the_service_has_19_operations() -> None:
    assert len(OPERATIONS) == 19


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_botocore_writes_is_what_we_read(operation: str, service: Wire) -> None:
    service.answer = aws_json.encode(_least_output(operation))

    @REPEATABLE
    @given(parameters=inputs(operation))
    def check(parameters: dict[str, Any]) -> None:
        call(operation, parameters)

        assert aws_json.parse_body(service.seen[-1]) == as_sent(parameters)

    check()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_we_write_is_what_botocore_returns(operation: str, service: Wire) -> None:
    parameters = _least_input(operation)

    @REPEATABLE
    @given(answer=outputs(operation))
    def check(answer: dict[str, Any]) -> None:
        service.answer = aws_json.encode(answer)

        assert call(operation, parameters) == answer

    check()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_botocore_accepts_as_input_keeps_the_constraints_of_its_shape(operation: str) -> None:
    @REPEATABLE
    @given(parameters=inputs(operation))
    def check(parameters: dict[str, Any]) -> None:
        assert model.input_violations(operation, as_sent(parameters)) == []

    check()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_that_is_made_from_the_model_fits_the_model(operation: str) -> None:
    @REPEATABLE
    @given(answer=outputs(operation))
    def check(answer: dict[str, Any]) -> None:
        assert model.output_problems(operation, answer) == ""

    check()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_with_a_member_that_the_model_has_not_does_not_fit(operation: str) -> None:
    answer = {**_least_output(operation), "surplus": "x"}

    assert "surplus" in model.output_problems(operation, answer)


@pytest.mark.parametrize(
    "operation",
    [
        operation
        for operation in OPERATIONS
        if getattr(model.operation_model(operation).output_shape, "required_members", ())
    ],
)
def test_an_answer_without_a_required_member_does_not_fit(operation: str) -> None:
    for member in _least_output(operation):
        answer = _least_output(operation)
        del answer[member]

        assert re.search(rf"required.*\"{member}\"", model.output_problems(operation, answer))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_error_that_we_write_is_raised_as_its_exception(operation: str, service: Wire) -> None:
    parameters = _least_input(operation)

    @REPEATABLE
    @given(error=errors(operation))
    def check(error: tuple[str, int, str]) -> None:
        code, service.status, message = error
        service.answer = aws_json.encode_error(ServiceError(code, message, service.status))

        with pytest.raises(getattr(client().exceptions, code)) as caught:
            call(operation, parameters)

        assert caught.value.response["Error"] == {"Code": code, "Message": message}

    check()


def _least_input(operation: str) -> dict[str, Any]:
    return _least(model.operation_model(operation).input_shape)


def _least_output(operation: str) -> dict[str, Any]:
    return _least(model.operation_model(operation).output_shape)


def _least(shape: Any) -> dict[str, Any]:
    """The required members alone, each with the plainest value."""
    plain = {"string": "FINISHED", "list": [], "boolean": False}
    required = shape.required_members if shape is not None else ()
    return {name: plain[shape.members[name].type_name] for name in required}
