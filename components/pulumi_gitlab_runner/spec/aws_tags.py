"""Tags of AWS resources."""

import re
from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.spec.inputs import Input, Value, check, value
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path

AwsTags = Mapping[str, Value[str]]
"""Tags by their keys."""

_KEY = re.compile(r"[\w .:/=+@-]{1,128}")
_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")
_METADATA_KEY = re.compile(r"(?!(\.|\.\.|_index)$)[a-zA-Z0-9_.:=+@-]+")
STACK_TAG = "gitlab-runner-stack"
"""The key of the tag with the project and stack that a resource belongs to."""
HOST_TAG = "gitlab-runner-host"
"""The key of the tag that the role of a host identifies its Auto Scaling group by, whose name has a random
suffix."""
_OURS = (STACK_TAG, HOST_TAG)
_MOST = 40
"""AWS allows 50 tags on a resource; the library and the provider's `defaultTags` need some of them."""


def parse_tags(declaration: Mapping[str, Input[str]]) -> dict[str, Value[str]]:
    """The tags that a valid declaration describes."""
    return {key: value(each) for key, each in declaration.items()}


def tags_problems(
    declaration: Mapping[str, Input[str]], path: str, *, of_instances: bool = True
) -> Iterator[Problem]:
    """The problems of tags.

    Sources: docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html; for tags in the
    instance metadata, docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html.

    Args:
        declaration: the tags.
        path: their path in the declaration.
        of_instances: whether they are tags of EC2 instances.
    """
    if len(declaration) > _MOST:
        yield Problem(path, f"{len(declaration)} tags", f"{_MOST} tags at most")
    for key, each in declaration.items():
        at = join_path(path, key)
        if not _KEY.fullmatch(key) or key.lower().startswith("aws:"):
            yield Problem(
                at, repr(key), "a key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not aws:…"
            )
        elif key in _OURS:
            yield Problem(at, repr(key), "another key", "the library sets this tag itself")
        elif of_instances and not _METADATA_KEY.fullmatch(key):
            yield Problem(
                at,
                repr(key),
                "a key of a-z, A-Z, 0-9 and _ . : = + - @, and not '.', '..' or '_index' alone",
                "hosts read tags from the instance metadata: EC2 starts no instance with another key",
            )
        yield from check(
            each, form_problems, at, _VALUE, "up to 256 letters, digits, spaces and _ . : / = + - @"
        )
