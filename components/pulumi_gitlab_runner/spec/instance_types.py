"""The names of EC2 instance types: their form, since AWS adds types, and their processor architecture.

Source: docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html.
"""

import re
from collections.abc import Iterator

from pulumi_gitlab_runner.spec.problems import Problem

ARCHITECTURES = ("x86_64", "arm64")

_FAMILY = r"(?=[a-z-]*[0-9])[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
"""Letters, a generation and options, such as c7gn, m7i-flex, u-6tb1 and mac-m4."""
_INSTANCE_TYPE = re.compile(rf"{_FAMILY}\.[0-9]*[a-z]+(?:-[a-z0-9]+)*")
"""A family and a size, such as t3.large, p4d.24xlarge and c7gn.metal-48xl."""
_SIZE = r"nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9]+xl)?"
_OTHER_SEPARATOR = re.compile(rf"(?P<family>[a-z][a-z0-9-]*?[a-z0-9])[\s_./:-]*(?P<size>{_SIZE})")
_ARM = re.compile(r"a1\.|[a-z]+\d+g[a-z-]*\.|p\d+e-gb\d+\.")
"""The names of Arm instance families. Graviton: `a1`, or a `g` after the generation, such as t4g, c7gn and
im4gn; NVIDIA Grace: p6e-gb200."""


def architecture_of(instance_type: str) -> str:
    """The processor architecture of an instance type: `arm64` for an Arm family, else `x86_64`."""
    return "arm64" if _ARM.match(instance_type) else "x86_64"


def instance_type_problems(instance_type: str, path: str) -> Iterator[Problem]:
    """The problems of the name of an instance type."""
    if not _INSTANCE_TYPE.fullmatch(instance_type):
        yield Problem(
            path, repr(instance_type), "a family and a size of EC2, such as m6i.large", _fix(instance_type)
        )


def _fix(instance_type: str) -> str:
    """The likely instance type, or the part that is missing; empty if neither is obvious."""
    text = instance_type.strip().lower()
    if found := _OTHER_SEPARATOR.fullmatch(text):
        text = f"{found['family']}.{found['size']}"
    if _INSTANCE_TYPE.fullmatch(text):
        return f"did you mean {text!r}?"
    if re.fullmatch(_FAMILY, text):
        return f"add a size, such as {text}.large"
    return f"add a family, such as m6i.{text}" if re.fullmatch(_SIZE, text) else ""
