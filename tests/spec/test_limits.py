"""The limits of a declaration from both sides: the last valid value, and the first invalid one."""

from copy import deepcopy
from typing import Any

import pytest
from pulumi_gitlab_runner.spec.problems import join_path

from tests.spec.declaration import declaration, output, problems_of

FLEET: dict[str, Any] = {
    "group": 42,
    "registries": [],
    "fleet": {"instance_types": ["c7i.large"], "max_instances": 3, "jobs_per_instance": 2, "idle": [{}]},
}
VARIABLE = {"group": 42, "key": "KEY", "value": "a-long-value"}
SETTINGS: dict[str, Any] = {
    "scanning": {"enhanced": True, "on_push": ["*"], "continuous": []},
    "replicate_to": [{"region": "us-east-1", "prefixes": ["team/"]}],
    "creation_templates": {"hub": {}},
}
IMAGES: dict[str, Any] = {"docker": {"disk_gb": 40}}
POLICY = "arn:aws:iam::123456789012:policy/ci"
NETWORK: dict[str, Any] = {"cidr": "10.0.0.0/16"}


def everything() -> dict[str, Any]:
    """The good declaration, with each part that has a limit."""
    made = declaration() | deepcopy(
        {
            "ecr_settings": {"eu-west-1": SETTINGS},
            "machine_images": IMAGES,
            "network": NETWORK,
            "cache": {},
            "tags": {},
            "builds": {"base": {"repository": "team/ci/base", "context": "."}},
        }
    )
    made["runners"]["build"]["host"] |= {"logs": {}, "egress": [{"cidr": "10.0.0.0/8", "from_port": 443}]}
    made["runners"]["burst"] = deepcopy(FLEET)
    made["registries"]["team"]["repositories"]["ci/base"]["mutable_tags"] = ["v*"]
    made["registries"]["shared"]["ecr"]["caches"] = ["hub"]
    made["variables"] = [dict(VARIABLE)]
    return made


def with_value(path: str, value: Any) -> dict[str, Any]:
    """That declaration with a value at a place; a key of a mapping is after a `=`."""
    made: Any = everything()
    *parents, last = path.split("|")
    place = made
    for each in parents:
        place = place[int(each)] if isinstance(place, list) else place.setdefault(each, {})
    place[int(last) if isinstance(place, list) else last] = value
    return made


BUILD, FLEET_AT = "runners|build", "runners|burst|fleet"
ECR = "ecr_settings|eu-west-1"
KEEP = [{"tags": ["v*"], "images": 1}]


def keys(start: str, count: int) -> dict[str, str]:
    """This many tags."""
    return {f"{start}{number}": "" for number in range(count)}


LIMITS: dict[str, tuple[list[Any], list[Any]]] = {
    # Runners in GitLab: lib/api/user_runners.rb, app/models/ci/runner.rb.
    f"{BUILD}|maximum_timeout": ([600, 2_147_483_647], [599, 2_147_483_648]),
    f"{BUILD}|description": (["x" * 1024], ["x" * 1025, "a\nb"]),
    f"{BUILD}|maintenance_note": (["x" * 1024, "a\nb"], ["x" * 1025, "a\tb"]),
    f"{BUILD}|tags|0": (
        ["x", "x" * 255, 'a"b', "a b"],
        ["", " ", "x" * 256, " a", "a ", "a,b", '"a', "'a", "a\x7f"],
    ),
    f"{BUILD}|tags": ([["a", "A"], ["a", output()]], [["a", "b", "a"]]),
    f"{BUILD}|generation": ([1, 2], [0]),
    f"{BUILD}|limit": ([1], [0]),
    # Hosts and fleets.
    f"{BUILD}|host|concurrent": ([1], [0]),
    f"{BUILD}|host|disk_gb": ([20, 65_536], [19, 65_537]),
    f"{BUILD}|host|instance_type": (["u-6tb1.112xlarge"], ["large", "6i.large", "m6i."]),
    f"{BUILD}|host|runner_version": (["17.1.0", "19.3.0"], ["19", "latest"]),
    f"{BUILD}|host|role_path": (["/", "/ci/", "/" + "x" * 510 + "/"], ["ci", "/ci", "/" + "x" * 511 + "/"]),
    f"{BUILD}|host|logs|retention_days": (
        [
            *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922),
            *(3288, 3653),
        ],
        [0, 2, 8, 366, 3654],
    ),
    f"{BUILD}|host|egress|0|from_port": ([0, 65535], [-1, 65536]),
    f"{BUILD}|host|egress|0|to_port": ([443, 65535], [442, 65536]),
    f"{BUILD}|host|egress|0|protocol": (["tcp", "udp"], ["icmp"]),
    f"{BUILD}|host|egress|0|cidr": (["0.0.0.0/0", "10.0.0.1/32"], ["10.0.0.1/8", "10.0.0.0/33", "::/0"]),
    f"{FLEET_AT}|max_instances": ([1], [0]),
    f"{FLEET_AT}|jobs_per_instance": ([1], [0]),
    f"{FLEET_AT}|retire_after_jobs": ([1], [0]),
    f"{FLEET_AT}|on_demand_base": ([0], [-1]),
    f"{FLEET_AT}|on_demand_percent": ([0, 100], [-1, 101]),
    f"{FLEET_AT}|idle|0|idle_count": ([0, 6], [-1, 7]),
    f"{FLEET_AT}|idle|0|idle_minutes": ([1], [0]),
    f"{FLEET_AT}|idle|0|periods": ([["* * * * *"]], [[], ["*"]]),
    f"{FLEET_AT}|disk_gb": ([20, 65_536], [19, 65_537]),
    f"{FLEET_AT}|instance_types": (
        [["c7i.large", "m7a.large"], [f"c{number}i.large" for number in range(1, 41)]],
        [[], ["c7i.large", "c7g.large"], [f"c{number}i.large" for number in range(1, 42)]],
    ),
    f"{BUILD}|host|policies": ([[POLICY, f"{POLICY}-2"]], [[POLICY, POLICY]]),
    # CI variables: lib/api/ci/variables.rb, app/models/concerns/ci.
    "variables|0|key": (["K", "k" * 255, "9_"], ["", "k" * 256, "A-B", "A B"]),
    "variables|0|description": (["x" * 255, output()], ["x" * 256, "a\nb"]),
    "variables|0|environment_scope": (
        ["*", "review/*", "a b", "a" * 255],
        ["", " a", "a ", "a,b", "a" * 256],
    ),
    # ECR: docs.aws.amazon.com/AmazonECR/latest/APIReference.
    "registries|team|allow_pull": (
        [["210987654321"], [f"{number:012}" for number in range(250)]],
        [["21098765432"], ["2109876543210"], [f"{number:012}" for number in range(251)]],
    ),
    "registries|shared|ecr|caches|0": (["ab", "a" * 30], ["a", "a" * 31, "a-", "a__b", "a--b"]),
    "registries|team|repositories|ci/base|keep_images": ([1], [0]),
    "registries|team|repositories|ci/base|untagged_days": ([1], [0]),
    "registries|team|repositories|ci/base|mutable_tags": (
        [["*"] * 5, ["a" * 128], ["*a*"]],
        [["a", "b", "c", "d", "e", "f"], ["a" * 129], ["*a*b*"], [""]],
    ),
    "registries|team|repositories|ci/base|keep": (
        [
            KEEP,
            [{"tags": ["*a*b*c*"], "days": 1}],
            [{"tags": [f"a{number}" for number in range(48)], "days": 1}],
        ],
        [
            [{"tags": ["v*"], "images": 0}],
            [{"tags": ["v*"], "days": 0}],
            [{"tags": ["v*"]}],
            [{"tags": ["v*"], "days": 1, "images": 1}],
            [{"tags": [], "days": 1}],
            [{"tags": ["*a*b*c*d*"], "days": 1}],
            [{"tags": ["*"], "days": 1}],
            KEEP * 2,
            [{"tags": [f"a{number}" for number in range(49)], "days": 1}],
        ],
    ),
    f"{ECR}|scanning|on_push": (
        [["*"] * 100, ["a" * 255]],
        [["*"] * 101, ["a" * 256]],
    ),
    f"{ECR}|scanning|continuous": ([["*"] * 100], [["*"] * 101]),
    f"{ECR}|replicate_to": (
        [
            [{"region": "us-east-1", "account": f"{number:012}"} for number in range(25)],
            [{"region": "us-east-1", "account": f"{n:012}", "prefixes": [f"a{n}"]} for n in range(10)],
            [{"region": "eu-west-1", "account": "210987654321"}],
        ],
        [
            [{"region": "us-east-1", "account": f"{number:012}"} for number in range(26)],
            [{"region": "us-east-1", "account": f"{n:012}", "prefixes": [f"a{n}"]} for n in range(11)],
            [{"region": "eu-west-1"}],
        ],
    ),
    f"{ECR}|replicate_to|0|prefixes": (
        [["ab"], ["a" * 256], [f"a{number}" for number in range(100)]],
        [[], ["a"], ["a" * 257], [f"a{number}" for number in range(101)]],
    ),
    f"{ECR}|creation_templates": (
        [{"ROOT": {}}, {"ab": {}}, {"a" * 256: {}}],
        [{"root/": {}}, {"a": {}}, {"a" * 257: {}}, {"a--b": {}}],
    ),
    "registries|team|repositories|ab": ([{}], []),
    f"registries|team|repositories|{'a' * 256}": ([{}], []),
    "registries|team|repositories|a": ([], [{}]),
    f"registries|team|repositories|{'a' * 257}": ([], [{}]),
    **{f"registries|team|repositories|{name}": ([{}], []) for name in ("a__b", "a---b", "a.b/c_d-e")},
    **{
        f"registries|team|repositories|{name}": ([], [{}]) for name in ("a___b", "a..b", "a._b", "a-", "a//b")
    },
    # AWS's tags, of which the library needs ten.
    "tags": (
        [keys("a", 40), {"k" * 128: "v" * 256}, {"aw:s": ""}],
        [keys("a", 41), {"k" * 129: ""}, {"k": "v" * 257}, {"": ""}, {"aws:a": ""}, {"AWS:a": ""}],
    ),
    f"{BUILD}|host|tags": ([{"team:a": "b c/d"}], [{"a b": ""}, {"a/b": ""}, {"gitlab-runner-host": "x"}]),
    "machine_images|docker|tags": ([{"a b": "", "a/b": ""}], [{"gitlab-runner-stack": "x"}]),
    "machine_images|docker|disk_gb": ([20, 65_536], [19, 65_537]),
    "machine_images|docker|instance_type": (["m6i.large"], ["m6g.large", "large"]),
    "cache|expire_days": ([1], [0]),
    "network|zones": ([1, 3], [0, 4]),
    "network|cidr": (["10.0.0.0/16", "10.0.0.0/24"], ["10.0.0.0/15", "10.0.0.0/25", "10.0.0.1/16"]),
    "path_prefix": (["", "a" * 32, "9-"], ["a" * 33, "A", "a/"]),
    "operators": (
        [["arn:aws:iam::123456789012:role/a"], ["arn:aws:iam::*:user/*"]],
        [[], ["arn:aws:sts::123456789012:assumed-role/a/b"], ["arn:aws:iam::1:role/a"]],
    ),
    "gitlab_url": (
        ["http://gitlab", "https://gitlab.example.com:8443/git/", output()],
        [
            "gitlab.example.com",
            "https://",
            "https://a.example/api/v4",
            "https://a.example/api/v4/",
            "https://a:b",
            "https://a.example\n",
            "https://a b.example",
            'https://a.example/"',
            "https://me@a.example",
            "https://a:0",
            "https://[::1",
            "https://a.example?b",
            "https://a.example/#b",
        ],
    ),
    "builds|base|tags": ([["v" * 128]], [["v" * 129], ["-v"], [""]]),
    "builds|base|platforms": ([["linux/amd64", "linux/arm64"]], [["linux/arm64"] * 2, ["amd64"]]),
}
ENDPOINTS = (
    *(
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "kms",
        "logs",
        "monitoring",
        "secretsmanager",
        "ssm",
        "ssmmessages",
        "sts",
    ),
    "autoscaling",
)


@pytest.mark.parametrize("service", ENDPOINTS)
def test_the_services_that_have_endpoints(service: str) -> None:
    assert problems_of(with_value("network|endpoints", [service])) == []


OTHER_NAMES = ["0a", "-a", "A", "a_b", "ä", "a" * 33]
"""Invalid names of anything that is declared."""


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, (taken, _) in LIMITS.items() for value in taken]
)
def test_the_last_valid_value(path: str, value: Any) -> None:
    assert problems_of(with_value(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, (_, refused) in LIMITS.items() for value in refused]
)
def test_the_first_invalid_value(path: str, value: Any) -> None:
    found = problems_of(with_value(path, value))
    place = join_path("stack", *(int(each) if each.isdigit() else each for each in path.split("|")))
    assert found
    assert [each for each in found if not each.path.startswith(place)] == []


@pytest.mark.parametrize("name", ["a", "a0", "a-", "a" * 32])
@pytest.mark.parametrize("kind", ["runners", "machine_images"])
def test_a_valid_name(kind: str, name: str) -> None:
    declared = {"runners": {"group": 42, "host": {}}, "machine_images": {}}[kind]
    assert problems_of(with_value(f"{kind}|{name}", declared)) == []


@pytest.mark.parametrize("name", OTHER_NAMES)
@pytest.mark.parametrize("kind", ["runners", "machine_images", "registries"])
def test_an_invalid_name(kind: str, name: str) -> None:
    static = {"host": "a.example", "static": {"username": "me", "password": "pass-word-1"}}
    declared = {"runners": {"group": 42, "host": {}}, "machine_images": {}, "registries": static}[kind]
    assert [each.found for each in problems_of(with_value(f"{kind}|{name}", declared))] == [repr(name)]


@pytest.mark.parametrize(("version", "refused"), [("17.5.0", False), ("17.4.9", True), ("18.0.0", False)])
def test_the_first_runner_version_with_credentials_for_a_path(version: str, *, refused: bool) -> None:
    declared = everything()
    declared["registries"]["vault"]["host"] = "registry.partner.example/team"
    declared["runners"]["build"] |= {"registries": ["vault"], "image": "alpine", "services": []}
    declared["runners"]["build"]["host"]["runner_version"] = version
    assert bool(problems_of(declared)) is refused


@pytest.mark.parametrize(("version", "refused"), [("17.1.0", False), ("17.0.9", True)])
def test_the_first_runner_version_with_services_by_digest(version: str, *, refused: bool) -> None:
    declared = everything()
    declared["runners"]["build"] |= {"require_digests": True}
    declared["runners"]["build"]["host"]["runner_version"] = version
    assert [each.path for each in problems_of(declared)] == (
        ["stack.runners.build.require_digests"] if refused else []
    )


@pytest.mark.parametrize(("disk", "refused"), [(40, False), (39, True)])
def test_a_machine_image_needs_its_disk(disk: int, *, refused: bool) -> None:
    declared = everything()
    declared["runners"]["build"]["host"] |= {"machine_image": "docker", "disk_gb": disk}
    assert [each.path for each in problems_of(declared)] == (
        ["stack.runners.build.host.disk_gb"] if refused else []
    )
