"""AWS JSON 1.1: the bytes of requests and answers, and the headers."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_datapipeline._service.clock import SECOND
from pytest_datapipeline._service.errors import ServiceError
from pytest_datapipeline._service.fields import Field
from pytest_datapipeline._service.protocol import aws_json
from pytest_datapipeline._service.protocol.task_object import ROWS, TaskObject

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=4)
TEXT = st.text(st.characters() | st.sampled_from('"\\%{}/\n\0\u2028'), max_size=8)
KEYS = [key for key, _, _ in ROWS]


# -- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"", ""])
def test_a_request_without_a_body_has_no_parameters(body: Any) -> None:
    assert aws_json.parse_body(body) == {}


@pytest.mark.parametrize("kind", ["bytes", "text"])
def test_a_body_may_be_bytes_or_text(kind: str) -> None:
    text = '{"workerGroup": "wg-\u00e9\U0001f600"}'

    parameters = aws_json.parse_body(text.encode() if kind == "bytes" else text)

    assert parameters == {"workerGroup": "wg-\u00e9\U0001f600"}


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"text"', b"5", b"<html>", b"\xff\xfe", b'{"key": "\xff"}', b"{} {}"],
)
def test_a_body_that_is_no_json_object_is_a_serialization_exception(body: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        aws_json.parse_body(body)

    assert (caught.value.code, caught.value.status) == ("SerializationException", 400)


@settings(deadline=None)
@given(body=st.binary(max_size=40) | st.text(max_size=40))
def test_any_body_is_read_or_refused(body: bytes | str) -> None:
    parameters: Any = {}

    with suppress(ServiceError):
        parameters = aws_json.parse_body(body)

    assert isinstance(parameters, dict)


# -- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "length"),
    [
        # These lengths are those of recorded answers of the service.
        ({"pipelineObjects": []}, 22),
        ({"validationErrors": [], "validationWarnings": [], "errored": False}, 63),
        ({"canceled": False}, 18),
        ({}, 2),
    ],
)
def test_answers_are_as_short_as_the_service_s(answer: dict[str, Any], length: int) -> None:
    assert len(aws_json.encode(answer)) == length


@settings(deadline=None)
@given(answer=DOCUMENTS)
def test_an_answer_is_read_back_as_it_was_written(answer: dict[str, Any]) -> None:
    assert json.loads(aws_json.encode(answer)) == answer
    assert aws_json.parse_body(aws_json.encode(answer)) == answer


@settings(deadline=None)
@given(
    texts=st.lists(TEXT, min_size=3, max_size=3),
    values=st.fixed_dictionaries({name: TEXT for _, _, name in ROWS}),
    own=st.lists(st.builds(Field, TEXT | st.sampled_from(KEYS), TEXT, st.booleans()), max_size=4),
    others=st.lists(
        st.builds(lambda name: {"id": name, "name": name, "fields": []}, TEXT), max_size=2
    ),
)
def test_a_task_object_is_written_as_its_dict_would_be(
    texts: list[str], values: dict[str, str], own: list[Field], others: list[dict[str, Any]]
) -> None:
    task = TaskObject(texts[0], texts[1], texts[2], values, tuple(own), tuple(others))

    assert aws_json.encode(task) == aws_json.encode(task.to_dict())


def test_text_is_written_as_utf_8() -> None:
    assert aws_json.encode({"key": "\u00e9\U0001f600"}) == '{"key":"\u00e9\U0001f600"}'.encode()


def test_half_a_surrogate_pair_is_escaped_and_read_back() -> None:
    body = aws_json.encode({"message": "Value '\ud800' at 'taskId'"})

    assert body == b"{\"message\":\"Value '\\ud800' at 'taskId'\"}"
    assert json.loads(body) == {"message": "Value '\ud800' at 'taskId'"}


def test_an_error_has_an_unprefixed_type_and_a_lower_case_message() -> None:
    error = ServiceError(
        "PipelineDeletedException", "Pipeline with id: df-015440025PF7YGLDK47C does not exist"
    )

    body = aws_json.encode_error(error)

    assert body == (
        b'{"__type":"PipelineDeletedException",'
        b'"message":"Pipeline with id: df-015440025PF7YGLDK47C does not exist"}'
    )
    assert len(body) == 106


# -- headers --------------------------------------------------------------------------------------


def test_the_headers_are_those_of_recorded_answers() -> None:
    headers = aws_json.headers(b'{"canceled":false}', "11e7", 1_500_000_000 * SECOND)

    assert headers == {
        "x-amzn-requestid": "11e7",
        "content-type": "application/x-amz-json-1.1",
        "content-length": "18",
        "date": "Fri, 14 Jul 2017 02:40:00 GMT",
    }


def test_the_content_length_counts_bytes() -> None:
    body = aws_json.encode({"key": "\u00e9"})

    assert aws_json.headers(body, "id", 0)["content-length"] == str(len('{"key":"?"}') + 1)


def test_the_date_has_whole_seconds() -> None:
    one, other = (aws_json.headers(b"", "id", now)["date"] for now in (0, SECOND - 1))

    assert one == other == "Thu, 01 Jan 1970 00:00:00 GMT"
