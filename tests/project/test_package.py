"""What the distribution offers: its names, its entry point, its types."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from importlib.metadata import distribution, entry_points, metadata
from pathlib import Path

import pytest

import pytest_datapipeline
from pytest_datapipeline._service.protocol import model


@pytest.mark.parametrize("name", pytest_datapipeline.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(pytest_datapipeline, name).__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DataPipelineFaek'"):
        _ = pytest_datapipeline.DataPipelineFaek


def test_there_is_a_matcher_for_every_operation_of_the_model() -> None:
    methods = set(model.operations().values())

    assert methods <= set(pytest_datapipeline.__all__)
    for operation, method in model.operations().items():
        assert getattr(pytest_datapipeline, method)().operation == operation


def test_a_matcher_s_types_name_every_parameter_of_the_model() -> None:
    source = Path(importlib.import_module("pytest_datapipeline._record.matchers").__file__ or "")
    text = source.read_text(encoding="utf-8")

    for operation in model.operations():
        block = text.partition(f"class {operation}Parameters")[2].partition("class ")[0]
        for parameter in model.input_parameters(operation):
            assert f"        {parameter}: Expected\n" in block, (operation, parameter)


def test_the_entry_point_is_named_as_the_package() -> None:
    (entry,) = entry_points(group="pytest11", name="pytest_datapipeline")

    assert entry.value == "pytest_datapipeline.plugin"


def test_the_version_is_the_distribution_s() -> None:
    assert metadata("pytest-datapipeline")["Version"] == pytest_datapipeline.__version__


def test_its_description_on_an_index_has_no_link_into_the_repository() -> None:
    held = distribution("pytest-datapipeline")
    if "editable" in (held.read_text("direct_url.json") or ""):
        pytest.skip("an editable installation tells what was so when it was made")
    description = str(held.metadata.json["description"])

    assert description.startswith("# pytest-datapipeline\n\nAWS Data Pipeline in your test process")
    assert "The tutorial continues from here" in description
    assert re.findall(r"\]\((?!https?://)", description) == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(pytest_datapipeline.__file__).parent / "py.typed").exists()


def test_the_ground_floor_knows_nothing_of_pytest_clients_or_threads() -> None:
    program = (
        "import sys\n"
        "import pytest_datapipeline._service.instances.life\n"
        "import pytest_datapipeline._service.instances.queues\n"
        "import pytest_datapipeline._service.clock, pytest_datapipeline._service.fields\n"
        "print(sorted({'pytest', 'boto3', 'botocore', 'freezegun'} & set(sys.modules)))\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"
