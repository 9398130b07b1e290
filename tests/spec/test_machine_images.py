"""Machine images: which declarations are refused, and how the others are read."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import AwsEnvironment, Problem, parse_stack
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.machine_images import MachineImage
from pulumi_gitlab_runner.spec.operating_systems import UBUNTU_24_04

from tests.spec.declaration import problems_of

AT = "stack.machine_images.base"
HOST = "stack.runners.build.host"
FLEET = "stack.runners.build.fleet"
SCHEDULES = (
    "cron(…) with six fields, of which one of the two days is ?, such as cron(0 4 ? * mon *); or rate(7 days)"
)
REGISTRIES: dict[str, Any] = {
    "team": {"ecr": {}, "repositories": ["ci/base"]},
    "legacy": {"host": "registry.example.com", "static": {"username": "me", "password": "secret-1234"}},
}


def stack(image: dict[str, Any], runner: dict[str, Any] | None = None) -> dict[str, Any]:
    """A stack with one machine image, and a runner that may use it."""
    runners = {"build": {"group": 42, **runner}} if runner else {}
    return {"registries": REGISTRIES, "machine_images": {"base": image}, "runners": runners}


def fleet(**settings: Any) -> dict[str, Any]:
    """A runner with a fleet."""
    return {"fleet": {"instance_types": ["c7i.large"], "max_instances": 2, **settings}}


BAD_IMAGES: dict[str, tuple[dict[str, Any], Problem]] = {
    "Debian": (
        {"os": "debian-12"},
        Problem(
            f"{AT}.os",
            "'debian-12'",
            "amazon-linux-2023, ubuntu-24.04",
            "Image Builder does not support Debian",
        ),
    ),
    "no architecture": (
        {"architecture": "arm"},
        Problem(f"{AT}.architecture", "'arm'", "x86_64, arm64", "did you mean 'arm64'?"),
    ),
    "an instance of another architecture": (
        {"architecture": "arm64", "instance_type": "m7i.large"},
        Problem(f"{AT}.instance_type", "'m7i.large' (x86_64)", "a type of arm64"),
    ),
    "no version": (
        {"runner_version": "latest"},
        Problem(f"{AT}.runner_version", "'latest'", "such as 19.3.0"),
    ),
    "no schedule": ({"schedule": "weekly"}, Problem(f"{AT}.schedule", "'weekly'", SCHEDULES)),
    "a schedule of Linux": (
        {"schedule": "cron(0 4 * * mon)"},
        Problem(f"{AT}.schedule", "'cron(0 4 * * mon)'", SCHEDULES),
    ),
    "a day of the month and of the week": (
        {"schedule": "cron(0 4 1 * mon *)"},
        Problem(f"{AT}.schedule", "'cron(0 4 1 * mon *)'", SCHEDULES),
    ),
    "a minute that there is not": (
        {"schedule": "cron(60 4 ? * mon *)"},
        Problem(f"{AT}.schedule", "'cron(60 4 ? * mon *)'", SCHEDULES),
    ),
    "one days": ({"schedule": "rate(1 days)"}, Problem(f"{AT}.schedule", "'rate(1 days)'", SCHEDULES)),
    "digits of another script": (
        {"schedule": "rate(1\u0663 days)"},
        Problem(f"{AT}.schedule", "'rate(1\u0663 days)'", SCHEDULES),
    ),
    "no time zone": (
        {"timezone": "here"},
        Problem(f"{AT}.timezone", "'here'", "UTC, or a place such as `Europe/Berlin`"),
    ),
    "too small a disk": ({"disk_gb": 19}, Problem(f"{AT}.disk_gb", "19", "20 or more")),
    "no registry": (
        {"registries": ["tema"]},
        Problem(
            f"{AT}.registries[0]",
            "'tema', a registry that is not declared",
            "team, legacy",
            "did you mean 'team'?",
        ),
    ),
    "a registry with a password": (
        {"registries": ["legacy"]},
        Problem(
            f"{AT}.registries[0]",
            "'legacy', a registry with a fixed password",
            "an ECR registry",
            "Image Builder gets no registry passwords: the hosts pull these images for their jobs",
        ),
    ),
    "an image of another registry": (
        {"images": ["postgres:17", "team/ci/base:1"]},
        Problem(
            f"{AT}.images[1]",
            "'team/ci/base:1', an image of the registry 'team'",
            "an image of the registries of the machine image (nothing) or a public one",
            "add 'team' to the registries of the machine image",
        ),
    ),
    "an image of no repository": (
        {"images": ["team/ci/bas:1"], "registries": ["team"]},
        Problem(
            f"{AT}.images[0]",
            "the repository 'ci/bas' of the registry 'team'",
            "ci/base",
            "did you mean 'ci/base'?",
        ),
    ),
    "a VPC without subnets": (
        {"vpc": "vpc-0123456789abcdef0"},
        Problem(AT, "only one of 'vpc' and 'subnets'", "both or neither", "the subnets belong to the VPC"),
    ),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_a_bad_machine_image_is_refused(case: str) -> None:
    image, problem = BAD_IMAGES[case]
    assert problems_of(stack(image)) == [problem]


BAD_USES: dict[str, tuple[dict[str, Any], dict[str, Any], Problem]] = {
    "no such image": (
        {},
        {"host": {"machine_image": "bas"}},
        Problem(
            f"{HOST}.machine_image",
            "'bas', which is not a declared machine image",
            "base",
            "did you mean 'base'?",
        ),
    ),
    "an image of one's own beside it": (
        {},
        {"host": {"machine_image": "base", "ami": "ami-0123456789abcdef0"}},
        Problem(f"{HOST}.machine_image", "'base', together with 'ami'", "one of the two"),
    ),
    "another operating system": (
        {"os": "ubuntu-24.04"},
        {"host": {"machine_image": "base"}},
        Problem(
            f"{HOST}.machine_image",
            "'base', an image for ubuntu-24.04",
            "one whose 'os' is amazon-linux-2023",
        ),
    ),
    "another architecture": (
        {},
        {"host": {"machine_image": "base", "instance_type": "c7g.large"}},
        Problem(f"{HOST}.machine_image", "'base', an image for x86_64", "one whose 'architecture' is arm64"),
    ),
    "a disk that is too small": (
        {"disk_gb": 51},
        {"host": {"machine_image": "base", "disk_gb": 50}},
        Problem(f"{HOST}.disk_gb", "50", "51 or more, the disk of the machine image 'base'"),
    ),
    "workers of another operating system": (
        {"os": "ubuntu-24.04"},
        fleet(machine_image="base"),
        Problem(
            f"{FLEET}.machine_image",
            "'base', an image for ubuntu-24.04",
            "one whose 'os' is amazon-linux-2023",
        ),
    ),
    "workers of another architecture": (
        {"architecture": "arm64"},
        fleet(machine_image="base"),
        Problem(f"{FLEET}.machine_image", "'base', an image for arm64", "one whose 'architecture' is x86_64"),
    ),
    "a manager with too small a disk": (
        {"disk_gb": 31},
        fleet(manager={"machine_image": "base"}),
        Problem(f"{FLEET}.manager.disk_gb", "30", "31 or more, the disk of the machine image 'base'"),
    ),
}


@pytest.mark.parametrize("case", BAD_USES)
def test_a_bad_use_of_a_machine_image_is_refused(case: str) -> None:
    image, runner, problem = BAD_USES[case]
    assert problems_of(stack(image, runner)) == [problem]


@pytest.mark.parametrize(
    ("image", "runner"),
    [
        ({}, {"host": {"machine_image": "base", "disk_gb": 20}}),
        ({"disk_gb": 50}, {"host": {"machine_image": "base", "disk_gb": 50}}),
        ({"os": "ubuntu-24.04"}, {"host": {"machine_image": "base", "os": "ubuntu-24.04"}}),
        ({"architecture": "arm64"}, fleet(machine_image="base", instance_types=["c7g.large"])),
        ({"disk_gb": 30}, fleet(manager={"machine_image": "base"})),
    ],
)
def test_a_good_use_of_a_machine_image_is_accepted(image: dict[str, Any], runner: dict[str, Any]) -> None:
    parse_stack(stack(image, runner))


@pytest.mark.parametrize(
    "schedule",
    ["cron(0 4 ? * mon *)", "cron(30 2 1 * ? *)", "cron(0 4 ? * 2#1 2027)", "rate(1 day)", "rate(12 hours)"],
)
def test_schedules(schedule: str) -> None:
    assert parse_stack(stack({"schedule": schedule})).machine_images["base"].schedule == schedule


def test_the_defaults_and_every_key() -> None:
    assert parse_stack(stack({})).machine_images["base"] == MachineImage("base")
    assert (MachineImage("base").instance_type, MachineImage("base", architecture="arm64").instance_type) == (
        "m6i.large",
        "m6g.large",
    )
    declared: dict[str, Any] = {
        "os": "ubuntu-24.04",
        "architecture": "arm64",
        "runner_version": "19.2.0",
        "images": ["team/ci/base:1"],
        "registries": ["team"],
        "schedule": "rate(1 day)",
        "timezone": "Europe/Berlin",
        "disk_gb": 40,
        "instance_type": "c7g.large",
        "vpc": "vpc-0123456789abcdef0",
        "subnets": ["subnet-0123456789abcdef0"],
        "permissions_boundary": "arn:aws:iam::123456789012:policy/ci",
        "role_path": "/ci/",
        "tags": {"team": "ci"},
    }
    image = parse_stack(stack(declared)).machine_images["base"]
    assert (image.os, image.instance_type, image.disk_gb) == (UBUNTU_24_04, "c7g.large", 40)
    assert {key for key in declared if getattr(image, key) == getattr(MachineImage("base"), key)} == set()


def test_an_undeclared_image_of_ecr_is_found_when_the_account_is_known() -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:1"
    declared = stack({"images": [image]})
    (problem,) = problems_of(declared, AwsEnvironment("123456789012", "eu-west-1"))
    assert (problem.path, problem.fix) == (
        f"{AT}.images[0]",
        "add 'team' to the registries of the machine image",
    )


def test_an_output_is_checked_later() -> None:
    later = Deferred[str](f"{AT}.images[0]", object())
    parse_stack(stack({"images": [later]}))
    (rule,) = later.rules
    assert [problem.path for problem in rule("team/ci/base:1")] == [f"{AT}.images[0]"]
