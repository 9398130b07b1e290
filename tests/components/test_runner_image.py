"""`RunnerImage`, and the hosts and workers that start from its images."""

import json
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import RunnerFleet, RunnerImage, RunnerStack
from pulumi_gitlab_runner.host.scripts import script

from tests.components.recording import ACCOUNT, REGION, Recording, run
from tests.user_data import decoded

PARAMETER = "/imagebuilder/gitlab-runner/sandbox/base"
PUBLIC = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
NEWEST = f"ami-named-by-{PARAMETER}"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
TEAM: dict[str, Any] = {"team": {"ecr": {}, "repositories": ["ci/base"]}}


def record_image(image: dict[str, Any], *, preview: bool = False) -> tuple[Recording, Any]:
    """Record a `RunnerImage`, and return its outputs too."""

    def program() -> Any:
        built = RunnerImage("base", {"image": image, "registries": TEAM})  # type: ignore[typeddict-item]
        return {"parameter": built.parameter_name, "id": built.image_id}

    return run(program, preview=preview)


def record_stack(runners: dict[str, Any], **declared: Any) -> Recording:
    """Record a stack with the machine image `base`."""
    declaration = {"machine_images": {"base": {}}, "runners": runners, **declared}
    return run(lambda: RunnerStack("ci", declaration).runners)[0]  # type: ignore[arg-type]


def inputs_of(recording: Recording, kind: str, name: str = "base") -> Any:
    """The inputs of a resource, by the last part of its type."""
    (found,) = (
        each.inputs
        for (token, each_name), each in recording.registered.items()
        if token.endswith(f":{kind}") and each_name == name
    )
    return found


@pytest.fixture(scope="module")
def built() -> Recording:
    return record_image({"images": ["team/ci/base:1", "postgres:17"], "registries": ["team"]})[0]


def test_a_machine_image_registers_exactly_these_resources(built: Recording) -> None:
    assert {kind.rpartition(":")[2] for kind, name in built.registered if name == "base"} == {
        "Component",
        "DistributionConfiguration",
        "ImagePipeline",
        "ImageRecipe",
        "InfrastructureConfiguration",
        "InstanceProfile",
        "LogGroup",
        "Parameter",
        "Role",
        "RolePolicy",
        "RunnerImage",
        "SecurityGroup",
        "SecurityGroupEgressRule",
    }


def test_the_component_runs_the_boot_scripts(built: Recording) -> None:
    component = inputs_of(built, "Component")
    phases = {each["name"]: each["steps"] for each in yaml.safe_load(component["data"])["phases"]}
    files = {each["path"]: each["content"] for each in phases["build"][0]["inputs"]}
    assert files["/usr/local/lib/gitlab-runner-packages.sh"] == script("gitlab-runner-packages-dnf.sh")
    assert files["/usr/local/sbin/gitlab-runner-image"] == script("gitlab-runner-image.sh")
    logins = json.dumps({"credHelpers": {ECR: "ecr-login"}}, separators=(",", ":"))
    assert files["/etc/gitlab-runner-image"].splitlines() == [
        "RUNNER_VERSION=19.3.0",
        f"IMAGES='{ECR}/ci/base:1 postgres:17'",
        f"LOGINS='{logins}'",
    ]
    commands = {name: steps[-1]["inputs"]["commands"] for name, steps in phases.items()}
    assert commands == {
        "build": ["sh /usr/local/sbin/gitlab-runner-image build"],
        "test": ["sh /usr/local/sbin/gitlab-runner-image check"],
    }
    # Image Builder would interpret it as an expression.
    assert "{{" not in component["data"]
    assert len(component["data"]) <= 16000


def test_the_recipe_starts_from_the_newest_image_of_the_operating_system(built: Recording) -> None:
    recipe = inputs_of(built, "ImageRecipe")
    assert recipe["parentImage"] == f"ssm:{PUBLIC}"
    assert recipe["components"] == [{"componentArn": "arn:of:aws:imagebuilder/component:Component:base"}]
    (disk,) = recipe["blockDeviceMappings"]
    assert (disk["deviceName"], disk["ebs"]["volumeSize"]) == ("/dev/xvda", 20)


@pytest.mark.parametrize(
    ("image", "changes"),
    [
        ({"runner_version": "19.2.0"}, ("Component", "ImageRecipe")),
        ({"images": ["postgres:17"]}, ("Component", "ImageRecipe")),
        ({"disk_gb": 30}, ("ImageRecipe",)),
        ({"architecture": "arm64"}, ("ImageRecipe",)),
        ({"schedule": "rate(1 day)"}, ()),
    ],
    ids=["runner version", "images", "disk", "architecture", "schedule"],
)
def test_changed_content_has_another_version_and_the_same_name(
    image: dict[str, Any], changes: tuple[str, ...]
) -> None:
    before, after = record_image({})[0], record_image(image)[0]
    for kind in ("Component", "ImageRecipe"):
        first, second = inputs_of(before, kind), inputs_of(after, kind)
        assert (first["name"], second["name"]) == ("gitlab-runner-sandbox-base",) * 2
        assert (first["version"] != second["version"]) == (kind in changes)


@pytest.mark.parametrize(
    "kind",
    [
        "Component",
        "DistributionConfiguration",
        "ImagePipeline",
        "ImageRecipe",
        "InfrastructureConfiguration",
    ],
)
def test_a_replacement_is_created_before_the_old_resource_is_deleted(built: Recording, kind: str) -> None:
    """Others depend on the old one until then; by default, the provider deletes a named resource first."""
    (request,) = (each for each in built.requests if each.type.endswith(f":{kind}"))
    assert (request.deleteBeforeReplaceDefined, request.deleteBeforeReplace) == (True, False)


def test_a_parameter_contains_the_id_of_the_built_image(built: Recording) -> None:
    parameter = inputs_of(built, "Parameter")
    assert parameter == {
        "name": PARAMETER,
        "type": "String",
        "dataType": "aws:ec2:image",
        "valueWo": f"ami-named-by-{PUBLIC}",
        "valueWoVersion": 1,
    }
    (request,) = (each for each in built.requests if each.type == "aws:ssm/parameter:Parameter")
    assert not request.ignoreChanges
    (distribution,) = inputs_of(built, "DistributionConfiguration")["distributions"]
    assert distribution == {
        "region": REGION,
        "amiDistributionConfiguration": {
            "name": "gitlab-runner-sandbox-base {{ imagebuilder:buildDate }}",
        },
        "ssmParameterConfigurations": [{"parameterName": PARAMETER, "dataType": "aws:ec2:image"}],
    }


def test_the_pipeline_builds_on_a_schedule() -> None:
    schedule = {"schedule": "rate(1 day)", "timezone": "Europe/Berlin"}
    pipeline = inputs_of(record_image(schedule)[0], "ImagePipeline")
    # The build has no permission for an inventory of packages.
    assert pipeline["enhancedImageMetadataEnabled"] is False
    assert pipeline["schedule"] == {
        "scheduleExpression": "rate(1 day)",
        "timezone": "Europe/Berlin",
        "pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
    }


def test_the_build_instance_accepts_no_connections(built: Recording) -> None:
    infrastructure = inputs_of(built, "InfrastructureConfiguration")
    assert infrastructure["instanceMetadataOptions"] == {
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    assert infrastructure["terminateInstanceOnFailure"] is True
    assert infrastructure["instanceTypes"] == ["m6i.large"]
    assert infrastructure["subnetId"] == "subnet-of-the-account"
    assert infrastructure["securityGroupIds"] == ["base-id"]
    assert not [kind for kind, _ in built.registered if kind.endswith("SecurityGroupIngressRule")]


def test_the_build_may_pull_only_from_the_declared_repositories(built: Recording) -> None:
    statements = {
        each["Sid"]: each for each in json.loads(inputs_of(built, "RolePolicy")["policy"])["Statement"]
    }
    assert statements["EcrPull"]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci/base"]
    assert statements["Component"]["Resource"] == [
        f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/gitlab-runner-sandbox-base/*/*"
    ]
    assert not [sid for sid, each in statements.items() if "ssm:GetParameter" in each["Action"]]


def test_the_newest_image_is_read_after_its_parameter_is_created() -> None:
    recording, outputs = record_image({})
    assert outputs == {"parameter": PARAMETER, "id": NEWEST}
    assert recording.cloud.called.count("aws:ssm/getParameter:getParameter") == 2
    recording, _ = record_image({}, preview=True)
    assert recording.cloud.called.count("aws:ssm/getParameter:getParameter") == 1


def test_a_host_starts_from_the_newest_image_and_follows_it() -> None:
    recording = record_stack({"build": {"group": 42, "host": {"machine_image": "base"}}})
    template = inputs_of(recording, "LaunchTemplate", "ci-build")
    assert template["imageId"] == f"resolve:ssm:{PARAMETER}"
    assert template["description"] == f"Runner host build, {NEWEST}"
    assert template["userData"]


def test_workers_start_from_the_newest_image() -> None:
    fleet = {"instance_types": ["c7i.large"], "max_instances": 2, "machine_image": "base"}
    recording = record_stack({"burst": {"group": 42, "fleet": fleet}})
    template = inputs_of(recording, "LaunchTemplate", "ci-burst-workers")
    assert template["imageId"] == f"resolve:ssm:{PARAMETER}"
    assert template["description"] == f"Runner burst-workers, {NEWEST}"
    # User data writes Docker's configuration before Docker starts.
    assert "- path: /etc/docker/daemon.json\n" in decoded(template["userData"])
    manager = inputs_of(recording, "LaunchTemplate", "ci-burst")
    assert manager["imageId"] == f"resolve:ssm:{PUBLIC}"
    assert manager["description"] == "Runner host burst"


def test_the_outputs_about_machine_images() -> None:
    _, outputs = run(lambda: RunnerStack("ci", {"machine_images": {"base": {}}}).machine_images)
    pipeline = "arn:of:aws:imagebuilder/imagePipeline:ImagePipeline:ci-base"
    assert outputs == {"base": {"id": NEWEST, "parameter": PARAMETER, "pipeline": pipeline}}


def test_a_standalone_fleet_may_use_a_machine_image() -> None:
    fleet = {"instance_types": ["c7i.large"], "max_instances": 2, "machine_image": "base"}

    def program() -> Any:
        image = RunnerImage("base", {"image": {}})
        runner: Any = {"group": 42, "fleet": fleet}
        return RunnerFleet(
            "burst",
            {
                "runners": {"burst": {"runner": runner, "runner_id": "1", "token": "glrt-canary"}},
                "gitlab_url": "https://gitlab.example.com",
                "bucket": "the-bucket",
                "key_arn": "the-key",
                "machine_images": {
                    "base": {"image": {}, "parameter": image.parameter_name, "image_id": image.image_id}
                },
            },
        ).group_name

    template = inputs_of(run(program)[0], "LaunchTemplate", "burst-workers")
    assert template["imageId"] == f"resolve:ssm:{PARAMETER}"


def test_the_policy_for_the_owner_of_a_registry_allows_the_build_to_pull() -> None:
    shared: dict[str, Any] = {"ecr": {"account": "210987654321", "region": REGION}, "repositories": ["tools"]}
    declared: Any = {
        "registries": {"shared": shared},
        "machine_images": {"base": {"images": ["shared/tools:1"], "registries": ["shared"]}},
    }
    _, outputs = run(lambda: RunnerStack("ci", declared).required_policies)
    assert "arn:of:aws:iam/role:Role:ci-base" in outputs["shared"]


def test_a_field_that_decides_no_resource_may_be_an_output() -> None:
    later = pulumi.Output.from_input
    recording, _ = record_image(
        {
            "images": [later("postgres:17")],
            "vpc": later("vpc-0123456789abcdef0"),
            "subnets": later(["subnet-0123456789abcdef1", "subnet-0123456789abcdef0"]),
            "permissions_boundary": later("arn:aws:iam::123456789012:policy/ci"),
            "role_path": later("/ci/"),
            "tags": {"team": later("ci")},
        }
    )
    assert "IMAGES=postgres:17\n" in inputs_of(recording, "Component")["data"]
    assert inputs_of(recording, "SecurityGroup")["vpcId"] == "vpc-0123456789abcdef0"
    assert inputs_of(recording, "InfrastructureConfiguration")["subnetId"] == "subnet-0123456789abcdef0"
    role = inputs_of(recording, "Role")
    assert (role["path"], role["permissionsBoundary"]) == ("/ci/", "arn:aws:iam::123456789012:policy/ci")
    tagged = {
        token.rpartition(":")[2]
        for (token, _), each in recording.registered.items()
        if each.inputs.get("tags") == {"team": "ci"}
    }
    assert tagged == {
        "Component",
        "DistributionConfiguration",
        "ImagePipeline",
        "ImageRecipe",
        "InfrastructureConfiguration",
        "InstanceProfile",
        "LogGroup",
        "Parameter",
        "Role",
        "SecurityGroup",
        "SecurityGroupEgressRule",
    }
    (distribution,) = inputs_of(recording, "DistributionConfiguration")["distributions"]
    assert distribution["amiDistributionConfiguration"]["amiTags"] == {"team": "ci"}
    assert inputs_of(recording, "InfrastructureConfiguration")["resourceTags"] == {"team": "ci"}


def test_an_image_that_is_an_output_is_checked_when_it_is_known() -> None:
    with pytest.raises(pulumi.RunError, match=r"machine_images\.base\.images\[0\]"):
        record_image({"images": [pulumi.Output.from_input("team/ci/base:1")]})
