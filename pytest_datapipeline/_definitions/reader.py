"""Reads definitions, whatever form they have."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._service.texts import did_you_mean, shorten
from ..errors import FakeUsageError, explained, told_by_message
from .given import LeftOpen, NoSuchParameters, in_a_test, over_http, template_parameters_of
from .place import Place, problem
from .plain import API_KEYS, CAPITALS, CLI_KEYS, read_api, read_cli
from .reading import give
from .tree import Tree, json_tree
from .values import by_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .reading import Reading

__tracebackhide__ = told_by_message

# How the standard input is called on a command line, and in errors.
STANDARD_INPUT = "-"
_HCL = re.compile(r"^\s*(?:resource|variable|locals|provider|module|terraform)\b[^:\n]*\{", re.M)
_TAKEN = (
    'Taken are: a file of the AWS CLI ({"objects": [...]}), the API\'s form '
    '({"pipelineObjects": [...]}), a CloudFormation template in JSON or YAML with a resource '
    "AWS::DataPipeline::Pipeline, and Terraform's aws_datapipeline_pipeline_definition."
)


class DefinitionText(NamedTuple):
    """The text of a definition that is no file here; its name helps to tell what it is."""

    text: str
    file: str | None = None


if TYPE_CHECKING:
    # A file's path, or what would be in it. A list of objects that differ is one of `object` to
    # mypy, unless its author says otherwise.
    DefinitionSource: TypeAlias = (
        str | os.PathLike[str] | Mapping[str, Any] | Sequence[object] | DefinitionText
    )
    # By name, or as CloudFormation's CLI takes them.
    TemplateParameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def read_one(
    source: DefinitionSource,
    values: Mapping[str, Any] | None = None,
    *,
    template_parameters: TemplateParameters | None = None,
    resource: str | None = None,
) -> Reading:
    """The definition of a source that holds one, or of which one is named.

    Args:
        source: see `read_all`.
        values: parameter values; they go before those of the source.
        template_parameters: see `read_all`.
        resource: which of several, as the template calls it, or the name of its pipeline.

    Raises:
        FakeUsageError: see `read_all`; or there are several, or none of that name; or a value is
            for no parameter.
    """
    found = read_all(
        source,
        template_parameters=template_parameters,
        remedy=over_http if isinstance(source, DefinitionText) else in_a_test,
    )
    if resource is not None:
        named = [held for held in found if resource in (held.resource, held.name)]
        if not named:
            known = [name for held in found for name in (held.resource, held.name) if name]
            there = ", ".join(dict.fromkeys(known)) or "one without a name"
            raise FakeUsageError(
                f"{Place(found[0].file)} has no pipeline {resource!r}."
                f"{did_you_mean(resource, known)} It has: {there}."
            )
        found = named
    if len(found) > 1:
        names = ", ".join(repr(held.resource) for held in found)
        raise FakeUsageError(
            f"{Place(found[0].file)} has {len(found)} pipelines: {names}. Say which: --pipeline "
            "NAME, or resource= in a test."
        )
    give(found, by_name(values, "values"))
    return found[0]


def read_all(
    source: object,
    *,
    template_parameters: TemplateParameters | None = None,
    remedy: Callable[[Sequence[str]], str] = in_a_test,
    unknown: dict[str, str] | None = None,
) -> list[Reading]:
    """All definitions of a source.

    Args:
        source: the path of a file, or `-` for the standard input; its contents as a mapping; a
            list of objects in the AWS CLI's format; or the parameters of put_pipeline_definition.
        template_parameters: of a CloudFormation template, or the variables of Terraform's.
        remedy: says how what is left open is given, of its names.
        unknown: takes, by name, what there is to say of template parameters that there are none of;
            without it they are refused.

    Raises:
        FakeUsageError: it cannot be read, or holds no definition.
    """
    given = template_parameters_of(template_parameters)
    beside = False
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        beside = name != STANDARD_INPUT
        source = DefinitionText(_text(name), name if beside else "standard input")
    try:
        try:
            return _read(source, given, beside)
        except NoSuchParameters as error:
            if unknown is None:
                raise FakeUsageError(
                    explained(str(error), about="unknown-definition-parameter")
                ) from None
            unknown |= error.texts
        taken = {name: value for name, value in given.items() if name not in unknown}
        return _read(source, taken, beside)
    except LeftOpen as error:
        # What is misspelt may be what is missing.
        lines = [str(error), *(unknown or {}).values(), remedy(error.names)]
        raise FakeUsageError(explained("\n".join(lines), about="template-needs-values")) from None


def _read(source: object, given: Mapping[str, Any], beside: bool) -> list[Reading]:
    if isinstance(source, DefinitionText):
        return read_text(source.text, source.file, given, beside=beside)
    if isinstance(source, (Mapping, Sequence)) and not isinstance(source, (bytes, bytearray)):
        return _readings(Tree(source, None), given)
    raise FakeUsageError(
        f"the definition is {shorten(repr(source))}; it can be a path, a mapping or a list of "
        "objects."
    )


def read_text(
    text: str, file: str | None, given: Mapping[str, Any], *, beside: bool = False
) -> list[Reading]:
    """All definitions of a file's text, whose name helps to tell what it is.

    `beside`: whether files beside it may be read, as Terraform does: never for a text that came
    from elsewhere.
    """
    text = text.removeprefix("\ufeff")
    begin = text.lstrip()[:1]
    if not begin:
        raise problem(Place(file), f"is empty. {_TAKEN}")
    ending = Path(file or "").suffix.lower()
    if begin in ("{", "[") or ending == ".json":
        return _readings(json_tree(text, file), given)
    if ending in (".tf", ".hcl") or (ending not in (".yaml", ".yml") and _HCL.search(text)):
        from .templates.terraform import read_terraform

        return read_terraform(text, file, given, beside=beside)
    from .yaml_tree import yaml_tree

    return _readings(yaml_tree(text, file), given)


def _text(name: str) -> str:
    try:
        if name == STANDARD_INPUT:
            return sys.stdin.read()
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        where = ""
        if isinstance(error, FileNotFoundError) and not os.path.isabs(name):
            where = f" It was looked for in {os.getcwd()}."
        raise FakeUsageError(
            f"the definition {name!r} cannot be read: {error.strerror}.{where}"
        ) from None
    except ValueError as error:
        # No UTF-8, or a name that no file can have.
        raise FakeUsageError(f"the definition {name!r} cannot be read: {error}.") from None


def _readings(tree: Tree, given: Mapping[str, Any]) -> list[Reading]:
    data = tree.data
    if isinstance(data, Mapping):
        if set(data) & (API_KEYS | set(CAPITALS)):
            return _no_template(read_api(tree), tree, given)
        if "objects" in data and not set(data) - CLI_KEYS:
            return _no_template(read_cli(tree), tree, given)
        if "Resources" in data or "AWSTemplateFormatVersion" in data:
            from .templates.cloudformation import read_template

            return read_template(tree, given)
        keys = ", ".join(map(repr, sorted(map(str, data))[:8])) or "no keys"
        raise problem(
            tree.place(),
            f'is a mapping with {keys}; a definition has "objects", and may have "parameters" and '
            f'"values", as a file of the AWS CLI. {_TAKEN}',
        )
    if isinstance(data, Sequence) and not isinstance(data, str):
        return _no_template(read_cli(tree), tree, given)
    raise problem(tree.place(), f"is {shorten(repr(data))}, which is no definition. {_TAKEN}")


def _no_template(reading: Reading, tree: Tree, given: Mapping[str, Any]) -> list[Reading]:
    if given:
        what = f"template parameter: this is no template, but {reading.form},"
        raise NoSuchParameters(tree.place(), given, (), what)
    return [reading]
