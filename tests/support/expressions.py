"""Objects that expressions are evaluated for."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline._service.expressions.parser import parse
from pytest_datapipeline._service.expressions.template import ExpressionError

if TYPE_CHECKING:
    from pytest_datapipeline._service.expressions.values import Value

UTC = timezone.utc


class Thing:
    """An object with the fields that it is given."""

    def __init__(self, object_id: str, **fields: Any) -> None:
        self.id = object_id
        self.fields = fields
        self.asked: list[str] = []

    def with_runtime(self, **fields: Any) -> Thing:
        self.fields.update({f"@{name}": value for name, value in fields.items()})
        return self

    def lookup(self, name: str) -> Value:
        self.asked.append(name)
        value: Value = self.fields[name]
        return value


MOMENT = datetime(2011, 5, 24, 17, 10, tzinfo=UTC)
INPUT = Thing(
    "MyInput", directoryPath="s3://in", steps=["a", "b"], format=Thing("MyFormat", type="CSV")
).with_runtime(scheduledStartTime=MOMENT, actualEndTime=MOMENT)
OTHER = Thing("OtherInput", directoryPath="s3://other", steps=["c"])
COPY = Thing("MyCopy", input=INPUT, output=OTHER).with_runtime(scheduledStartTime=MOMENT)
SCOPE = Thing(
    "MyObject",
    myDateTime=MOMENT,
    myNaive=MOMENT.replace(tzinfo=None),
    myText="hello",
    myCount=7,
    myRatio=0.5,
    myDigits="12",
    myList=["one", "two"],
    myList1=[1, 2],
    myList2=[3, 4],
    myNested=[[1, 2], [3]],
    myEmpty=[],
    input=INPUT,
    inputs=[INPUT, OTHER],
    node=COPY,
    **{"*myPassword": "secret", "*mySecretCount": 5},
).with_runtime(scheduledStartTime=MOMENT)


def value(text: str) -> str:
    return parse(text).value(SCOPE)


def values(text: str) -> list[str]:
    return parse(text).values(SCOPE)


def refused(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as raised:
        parse(text).value(SCOPE)
    assert raised.value.expression == text
    return raised.value
