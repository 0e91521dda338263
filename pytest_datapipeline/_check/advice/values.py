"""Advice on the values of fields: expressions, paths, secrets, versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..._service.definitions.catalog import ACTIVITY
from .matter import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .matter import Matter

_SECRET_NAME = re.compile(r"(?i)passw|passphrase|secret|api_?key|private_?key|access_?token")
# What is a secret wherever it stands: keys of AWS's, private keys, passwords in addresses.
_SECRET_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?i:[?&;\s](?:password|pwd)=[^&;\s#]+)|(?i:\b\w+://[^/\s:@#]+:[^/\s:@#]+@)"
)
_RELEASE = re.compile(r"emr-\d+\.\d+\.\d+")
_OLD_VERSION = re.compile(r"[123](\.\d+){0,2}")
# What came with releaseLabel, and what went with amiVersion.
_WITH_RELEASE = ("applications", "configuration")


def empty_expression(matter: Matter) -> Iterator[Advice]:
    for component in matter.components.values():
        for field in component.definition.by_id[component.id].fields:
            if field.is_ref or "#{" not in field.value:
                continue
            if matter.values(component, field, 0) == [""]:
                yield Advice(
                    component.id,
                    field.key,
                    f"{field.value!r} comes to nothing, and the task gets an empty text.",
                )


def same_path(matter: Matter) -> Iterator[Advice]:
    writers: dict[str, list[tuple[str, str, str]]] = {}
    for component in matter.components.values():
        if component.family != ACTIVITY:
            continue
        for output in component.fields.refs("output"):
            node = matter.components.get(output)
            if node is None or node.type != "S3DataNode":
                continue
            for key in ("directoryPath", "filePath"):
                for field in node.fields.get(key, ()):
                    first, second = (matter.values(node, field, index) for index in (0, 1))
                    if first and first == second:
                        yield Advice(
                            output,
                            key,
                            f"Every run of {component.id!r} writes {first[0]!r}, over what the one "
                            "before has written. Put #{@scheduledStartTime} into it.",
                        )
                    for path in first:
                        writers.setdefault(path, []).append((component.id, output, key))
    for path, found in writers.items():
        for activity, node_id, key in found[1:]:
            if activity != found[0][0]:
                yield Advice(
                    node_id, key, f"{activity!r} writes {path!r}, as {found[0][0]!r} does."
                )


def plain_secret(matter: Matter) -> Iterator[Advice]:
    for held in matter.definition.by_id.values():
        for field in held.fields:
            if field.is_ref or not field.value:
                continue
            literal = "#{" not in field.value
            named = _SECRET_NAME.search(field.key.lstrip("*")) is not None
            if literal and (field.key.startswith("*") or named):
                what = "holds a secret in plain text"
            elif _SECRET_VALUE.search(field.value):
                what = "seems to hold a secret in plain text"
            else:
                continue
            yield Advice(
                held.id,
                field.key,
                f"{field.key!r} {what}, for all who can read the file. Make it a parameter whose "
                "id begins with '*my', and give its value at the activation.",
            )
    for declared in matter.definition.declared:
        if declared.id.startswith("*"):
            if declared.attribute("default"):
                yield Advice(
                    declared.id, None, "The default of a secret stands in plain text in the file."
                )
        elif _SECRET_NAME.search(declared.id):
            yield Advice(
                declared.id,
                None,
                "It seems to be a secret, and is shown as any value: begin its id with '*my'.",
            )


def emr_versions(matter: Matter) -> Iterator[Advice]:
    for subject in matter.subjects:
        if subject.type != "EmrCluster":
            continue
        ami, release = subject.literal("amiVersion"), subject.literal("releaseLabel")
        if "amiVersion" in subject.fields and "releaseLabel" in subject.fields:
            yield Advice(
                subject.id,
                "amiVersion",
                "It has both an amiVersion, for EMR before 4.0, and a releaseLabel, for later.",
            )
            continue
        if release is not None and not _RELEASE.fullmatch(release):
            yield Advice(
                subject.id, "releaseLabel", f"{release!r} is no release, as 'emr-5.36.0' is one."
            )
        if ami is not None and not _OLD_VERSION.fullmatch(ami) and ami != "latest":
            yield Advice(
                subject.id,
                "amiVersion",
                f"{ami!r} is no version of an AMI: from EMR 4.0 on it is a releaseLabel.",
            )
        for key in _WITH_RELEASE:
            if key in subject.fields and "releaseLabel" not in subject.fields:
                yield Advice(
                    subject.id, key, f"{key!r} is for EMR from 4.0 on, which needs a releaseLabel."
                )
        if "supportedProducts" in subject.fields and "releaseLabel" in subject.fields:
            yield Advice(
                subject.id,
                "supportedProducts",
                "It is for EMR before 4.0; with a releaseLabel, applications takes its place.",
            )
