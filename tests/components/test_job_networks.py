"""Job networks, checked against the ranges of a VPC, which only AWS or the program knows."""

from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs
from pulumi_gitlab_runner import RunnerFleet, RunnerHost, RunnerStack

from tests.components.recording import Cloud, NotFoundError, Recording, run

OWN_VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0"]}
FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}
GROUP = "aws:ec2/securityGroup:SecurityGroup"


def args(**runner: Any) -> Any:
    """Arguments of a component with one runner."""
    return {
        "runners": {
            "build": {"runner": {"group": 42, **runner}, "runner_id": "23", "token": "glrt-canary"},
        },
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "the-key",
    }


def with_second_range(monkeypatch: pytest.MonkeyPatch, cidr: str) -> None:
    """Give every VPC a second range besides 10.0.0.0/16."""
    call = Cloud.call

    def patched_call(cloud: Cloud, query: MockCallArgs) -> Any:
        answer, failures = call(cloud, query)
        if query.token == "aws:ec2/getVpc:getVpc":
            ranges = [answer["cidrBlock"], cidr]
            answer["cidrBlockAssociations"] = [{"cidrBlock": each} for each in ranges]
        return answer, failures

    monkeypatch.setattr(Cloud, "call", patched_call)


@pytest.mark.parametrize("vpc", [{}, OWN_VPC], ids=["the default VPC", "a declared VPC"])
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_a_host_is_refused_in_a_vpc_that_overlaps_job_networks(vpc: dict[str, Any], preview: bool) -> None:
    seen: list[Recording] = []
    host = {"job_networks": "10.0.128.0/17", **vpc}
    with pytest.raises(pulumi.RunError) as refused:
        run(lambda: RunnerHost("build", args(host=host)), preview=preview, seen=seen)
    assert "build.runners.build.host.job_networks" in str(refused.value)
    assert "'10.0.128.0/17', which overlaps vpc-" in str(refused.value)
    assert " (10.0.0.0/16)" in str(refused.value)
    assert not [each for each in seen[0].registered if each[0] == GROUP]


def test_every_range_of_the_vpc_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with_second_range(monkeypatch, "192.168.64.0/20")
    with pytest.raises(
        pulumi.RunError, match=r"192\.168\.0\.0/16', which overlaps vpc-\S+ \(192\.168\.64\.0/20\)"
    ):
        run(lambda: RunnerHost("build", args(host=OWN_VPC)))


def test_a_fleet_is_refused_in_a_vpc_that_overlaps_job_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    with_second_range(monkeypatch, "172.17.0.0/20")
    with pytest.raises(pulumi.RunError, match=r"build\.runners\.build\.fleet\.job_networks"):
        run(lambda: RunnerFleet("build", args(fleet=FLEET)))
    run(lambda: RunnerFleet("build", args(fleet=FLEET | {"job_networks": "172.18.0.0/16"})))


def test_ranges_that_are_outputs_are_checked_when_they_are_known() -> None:
    def program() -> None:
        cidr = pulumi.Output.from_input("10.64.0.0/16")
        hosts = {"build": {"group": 42, "host": {"job_networks": cidr}}}
        RunnerStack("ci", {"network": {}, "runners": hosts})  # type: ignore[typeddict-item]

    with pytest.raises(pulumi.RunError, match=r"10\.64\.0\.0/20', which overlaps the job networks"):
        run(program)


def test_a_vpc_that_cannot_be_looked_up_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Cloud.call

    def patched_call(cloud: Cloud, query: MockCallArgs) -> Any:
        if query.token == "aws:ec2/getVpc:getVpc":
            raise NotFoundError
        return call(cloud, query)

    monkeypatch.setattr(Cloud, "call", patched_call)
    recording, _ = run(lambda: RunnerHost("build", args(host=OWN_VPC)))
    warnings = [each for each in recording.warnings if "job networks are not checked" in each]
    assert [each.partition(",")[0] for each in warnings] == [
        "the CIDR blocks of vpc-0123456789abcdef0 cannot be looked up"
    ]
    assert recording.registered[GROUP, "build"].inputs["vpcId"] == OWN_VPC["vpc"]


def test_docker_on_the_host_has_the_declared_range() -> None:
    recording, _ = run(lambda: RunnerHost("build", args(host={"job_networks": "10.99.0.0/16"})))
    content = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "build-files"].inputs["content"]
    assert '\\"base\\": \\"10.99.0.0/16\\"' in content
