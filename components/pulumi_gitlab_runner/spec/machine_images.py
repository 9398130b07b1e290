"""Machine images for hosts and the instances of fleets, which EC2 Image Builder builds on a schedule."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

from pulumi_gitlab_runner.config.forms import TIME_ZONE
from pulumi_gitlab_runner.cron import is_image_builder_cron
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, declared_release
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, tags_problems
from pulumi_gitlab_runner.spec.images import image_problems, registry_of
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, known, model_of, strict
from pulumi_gitlab_runner.spec.instance_types import ARCHITECTURES, architecture_of, instance_type_problems
from pulumi_gitlab_runner.spec.machines import machine_problems
from pulumi_gitlab_runner.spec.operating_systems import (
    AMAZON_LINUX_2023,
    OPERATING_SYSTEMS,
    UBUNTU_24_04,
    OperatingSystem,
)
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.roles import ROLE_SHOWN, RoleDeclaration, role_problems
from pulumi_gitlab_runner.spec.texts import text_problems

BUILT_SYSTEMS = (AMAZON_LINUX_2023.name, UBUNTU_24_04.name)
"""The operating systems of hosts that Image Builder supports:
docs.aws.amazon.com/imagebuilder/latest/userguide/what-is-image-builder.html."""
_BUILDERS = {"x86_64": "m6i.large", "arm64": "m6g.large"}
_RATE = re.compile(r"rate\((1 (minute|hour|day)|(?!1 )[1-9][0-9]* (minutes|hours|days))\)")
_CRON = re.compile(r"cron\((?P<expression>.*)\)")


@strict
class MachineImageDeclaration(RoleDeclaration):
    """A machine image (AMI) with job images and the software that is otherwise installed at boot.

    The software is Docker, gitlab-runner, its helper images, ECR's credential helper and the AWS CLI. Hosts
    and fleets name the image as their `machine_image`. Until the first image is built, and if an image
    contains another version than the host declares, the missing software is installed at boot.
    """

    os: NotRequired[str]
    """The operating system: `amazon-linux-2023` or `ubuntu-24.04`. Default `amazon-linux-2023`."""
    architecture: NotRequired[str]
    """The processor architecture: `x86_64` or `arm64`. Default `x86_64`."""
    runner_version: NotRequired[str]
    """The version of gitlab-runner and its helper images. Default `19.3.0`."""
    images: NotRequired[list[Input[str]]]
    """The job images that it contains, such as `team/ci/base:2026.11` or `postgres:17`: public images, and
    images of `registries`. They must exist when the machine image is built. Default: none."""
    registries: NotRequired[list[str]]
    """The ECR registries of `images`, by name; the build instance may pull from their declared repositories.
    Default: none."""
    schedule: NotRequired[str]
    """The schedule of builds: `cron(…)` with six fields (minute, hour, day of the month, month, day of the
    week, year; one of the two days is `?`), or `rate(7 days)`. Default `cron(0 4 ? * mon *)`: each Monday at
    04:00."""
    timezone: NotRequired[str]
    """The time zone of `schedule`, such as `Europe/Berlin`. Default: UTC."""
    disk_gb: NotRequired[int]
    """The size of its root disk in GiB; 20 or more. The disk of a host or fleet instance must be at least as
    large. Default 20."""
    instance_type: NotRequired[str]
    """The EC2 instance type of the build. Default `m6i.large`, for arm64 `m6g.large`."""
    vpc: NotRequired[Input[str]]
    """The ID of the VPC of the build instance. Default: the stack's `network`, else the account's default
    VPC."""
    subnets: NotRequired[Input[list[Input[str]]]]
    """The IDs of the subnets; the first is used, and needs a route to the packages and registries. Default:
    those of the stack's `network`, else of the default VPC."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the image, its build instance and its other AWS resources, in addition to the stack's. Default:
    none."""


@dataclass(frozen=True)
class MachineImage:
    """A machine image, with the defaults filled in."""

    shown = (
        *("architecture", "runner_version", "images", "registries", "schedule", "timezone"),
        *("disk_gb", "declared_type", "vpc", "subnets"),
        *ROLE_SHOWN,
    )

    name: str
    os: OperatingSystem = AMAZON_LINUX_2023
    architecture: str = "x86_64"
    runner_version: str = DEFAULT_RUNNER_VERSION
    images: tuple[Value[str], ...] = ()
    registries: tuple[str, ...] = ()
    schedule: str = "cron(0 4 ? * mon *)"
    timezone: str = "UTC"
    disk_gb: int = 20
    declared_type: str | None = None
    vpc: Value[str] | None = None
    subnets: Value[tuple[Value[str], ...]] = ()
    permissions_boundary: Value[str] | None = None
    role_path: Value[str] = "/"
    tags: AwsTags = field(default_factory=dict)

    @property
    def instance_type(self) -> str:
        """The EC2 instance type of the build."""
        return self.declared_type or _BUILDERS[self.architecture]


def parse_machine_image(name: str, declaration: MachineImageDeclaration) -> MachineImage:
    """The machine image that a valid declaration describes."""
    parsers = {"os": OPERATING_SYSTEMS.__getitem__}
    declared_type = declaration.get("instance_type")
    return model_of(MachineImage, declaration, parsers, name=name, declared_type=declared_type)


def machine_image_problems(
    declaration: MachineImageDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    """The problems of a machine image."""
    for key, allowed in (("os", BUILT_SYSTEMS), ("architecture", ARCHITECTURES)):
        found: Any = declaration.get(key)
        if found not in (None, *allowed):
            reason = "Image Builder does not support Debian" if found == "debian-12" else ""
            yield Problem(
                join_path(path, key), repr(found), listed(allowed), reason or did_you_mean(found, allowed)
            )
    version = declaration.get("runner_version", DEFAULT_RUNNER_VERSION)
    if declared_release(version) is None:
        yield Problem(join_path(path, "runner_version"), repr(version), "such as 19.3.0")
    schedule = declaration.get("schedule", MachineImage.schedule)
    if not _is_schedule(schedule):
        yield Problem(
            join_path(path, "schedule"),
            repr(schedule),
            "cron(…) with six fields, of which one of the two days is ?, such as cron(0 4 ? * mon *); or "
            "rate(7 days)",
        )
    yield from check_key(declaration, "timezone", path, text_problems, TIME_ZONE)
    yield from machine_problems(declaration, path)
    yield from role_problems(declaration, path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
    yield from _instance_type_problems(declaration, join_path(path, "instance_type"))
    yield from check_key(declaration, "registries", path, _registry_problems, registries)
    used = declaration.get("registries", [])
    yield from check_key(declaration, "images", path, _job_image_problems, registries, used, None)


def _is_schedule(schedule: str) -> bool:
    found = _CRON.fullmatch(schedule)
    return is_image_builder_cron(found["expression"]) if found else bool(_RATE.fullmatch(schedule))


def machine_image_problems_in(
    image: MachineImage, registries: Mapping[str, Registry], environment: AwsEnvironment, path: str
) -> Iterator[Problem]:
    """The problems of the job images of a resolved machine image, which depend on the registries' hosts."""
    for index, each in enumerate(image.images):
        at = join_path(path, "images", index)
        yield from _job_image_problems(known(each), at, registries, image.registries, environment)


def use_problems(
    host: Mapping[str, Any],
    path: str,
    images: Mapping[str, MachineImageDeclaration],
    architecture: str,
    disk_gb: int,
) -> Iterator[Problem]:
    """The problems of the machine image that a host or a fleet names.

    Args:
        host: the declaration of the host or fleet.
        path: its path in the declaration.
        images: the declared machine images, by name.
        architecture: the processor architecture of its instance type.
        disk_gb: the size of its root disk, in GiB.
    """
    if "machine_image" not in host:
        return
    name, at = host["machine_image"], join_path(path, "machine_image")
    if "ami" in host:
        yield Problem(at, f"{name!r}, together with 'ami'", "one of the two")
    if name not in images:
        yield Problem(
            at,
            f"{name!r}, which is not a declared machine image",
            listed(images, "no name: no machine image is declared"),
            did_you_mean(name, list(images)),
        )
        return
    image = images[name]
    differing = {
        "os": (image.get("os", AMAZON_LINUX_2023.name), host.get("os", AMAZON_LINUX_2023.name)),
        "architecture": (image.get("architecture", MachineImage.architecture), architecture),
    }
    for key, (of_image, of_host) in differing.items():
        if of_image != of_host:
            yield Problem(at, f"{name!r}, an image for {of_image}", f"one whose {key!r} is {of_host}")
    if image.get("disk_gb", MachineImage.disk_gb) > disk_gb:
        yield Problem(
            join_path(path, "disk_gb"),
            str(disk_gb),
            f"{image['disk_gb']} or more, the disk of the machine image {name!r}",
        )


def _job_image_problems(
    image: str,
    path: str,
    registries: Mapping[str, Registry],
    used: Sequence[str],
    environment: AwsEnvironment | None,
) -> Iterator[Problem]:
    if found := list(image_problems(image, path, registries, list(registries), environment)):
        yield from found
        return
    registry, _ = registry_of(image, registries, environment)
    if registry is not None and registry.name not in used:
        yield Problem(
            path,
            f"{image!r}, an image of the registry {registry.name!r}",
            f"an image of the registries of the machine image ({listed(used)}) or a public one",
            f"add {registry.name!r} to the registries of the machine image",
        )


def _instance_type_problems(declaration: MachineImageDeclaration, path: str) -> Iterator[Problem]:
    if "instance_type" not in declaration:
        return
    instance_type = declaration["instance_type"]
    yield from instance_type_problems(instance_type, path)
    architecture = declaration.get("architecture", MachineImage.architecture)
    if architecture in ARCHITECTURES and architecture_of(instance_type) != architecture:
        yield Problem(
            path, f"{instance_type!r} ({architecture_of(instance_type)})", f"a type of {architecture}"
        )


def _registry_problems(name: str, path: str, registries: Mapping[str, Registry]) -> Iterator[Problem]:
    if name not in registries:
        fix = did_you_mean(name, list(registries))
        yield Problem(path, f"{name!r}, a registry that is not declared", listed(registries), fix)
    elif not registries[name].by_role:
        yield Problem(
            path,
            f"{name!r}, {registries[name].description}",
            "an ECR registry",
            "Image Builder gets no registry passwords: the hosts pull these images for their jobs",
        )
