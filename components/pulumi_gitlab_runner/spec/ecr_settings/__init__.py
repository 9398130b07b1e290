"""The settings of this account's ECR registry in a region, one module for each setting.

ECR has one of each setting in an account and region, so they are declared separately from the registries of a
stack: several stacks may have repositories in the same ECR registry.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pulumi_gitlab_runner.spec.ecr_settings.creation_template import (
    CreationTemplate,
    creation_template_problems,
    parse_creation_templates,
)
from pulumi_gitlab_runner.spec.ecr_settings.declaration import (
    CreationTemplateDeclaration,
    EcrSettingsDeclaration,
    ReplicateFromDeclaration,
    ReplicateToDeclaration,
    ScanningDeclaration,
)
from pulumi_gitlab_runner.spec.ecr_settings.replication import (
    Replica,
    ReplicaSource,
    replica_source_problems,
    replicate_to_problems,
)
from pulumi_gitlab_runner.spec.ecr_settings.scanning import Scanning, scanning_problems
from pulumi_gitlab_runner.spec.inputs import check_key, model_of, models_of
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed

__all__ = [
    "CreationTemplate",
    "CreationTemplateDeclaration",
    "EcrSettings",
    "EcrSettingsDeclaration",
    "Replica",
    "ReplicaSource",
    "ReplicateFromDeclaration",
    "ReplicateToDeclaration",
    "Scanning",
    "ScanningDeclaration",
    "ecr_settings_problems",
    "parse_ecr_settings",
]


@dataclass(frozen=True)
class EcrSettings:
    """The settings of an ECR registry, with the defaults filled in."""

    shown = ("replicate_to", "replicate_from", "scanning", "creation_templates")

    replicate_to: tuple[Replica, ...] = ()
    replicate_from: tuple[ReplicaSource, ...] = ()
    scanning: Scanning | None = None
    creation_templates: Mapping[str, CreationTemplate] = field(default_factory=dict)


def parse_ecr_settings(declaration: EcrSettingsDeclaration) -> EcrSettings:
    """The settings that a valid declaration describes."""
    parsers: dict[str, Callable[[Any], object]] = {
        "replicate_to": partial(models_of, Replica),
        "replicate_from": partial(models_of, ReplicaSource),
        "scanning": partial(model_of, Scanning),
        "creation_templates": parse_creation_templates,
    }
    return model_of(EcrSettings, declaration, parsers)


def ecr_settings_problems(
    declaration: EcrSettingsDeclaration, region: str | None, path: str
) -> Iterator[Problem]:
    """The problems of the settings of the ECR registry in `region`."""
    if not declaration:
        yield Problem(
            path, "no settings", f"at least one of {listed(EcrSettingsDeclaration.__annotations__)}"
        )
    replicas = declaration.get("replicate_to", ())
    yield from replicate_to_problems(replicas, region, join_path(path, "replicate_to"))
    yield from check_key(declaration, "replicate_from", path, replica_source_problems)
    yield from check_key(declaration, "scanning", path, scanning_problems)
    for prefix, template in declaration.get("creation_templates", {}).items():
        at = join_path(path, "creation_templates", prefix)
        yield from creation_template_problems(prefix, template, region, at)
