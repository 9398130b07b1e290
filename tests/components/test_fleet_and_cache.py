"""A runner with a fleet, and the cache of a stack's runners: their resources and permissions."""

import json
import tomllib
from collections import Counter
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner import RunnerCache, RunnerFleet, RunnerHost, RunnerStack
from pulumi_gitlab_runner.host.docker_daemon import docker_daemon_config
from pulumi_gitlab_runner.host.user_data import without_comments

from tests.components.recording import ACCOUNT, REGION, Recording, Registered, run
from tests.user_data import decoded

GROUP = "gitlab-runner-sandbox-burst"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"
VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}


AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"


def fleet_args(**fleet: Any) -> Any:
    """Arguments of `RunnerFleet` for the smallest fleet, with further fields."""
    declared = {"instance_types": ["c7i.large", "c7a.large"], "max_instances": 20} | fleet
    return {
        "runners": {
            "burst": {
                "runner": {"group": 42, "fleet": declared},
                "runner_id": "23",
                "token": "glrt-canary",
            }
        },
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "the-key",
    }


def record_fleet(**fleet: Any) -> Recording:
    """Record a `RunnerFleet`."""
    return run(lambda: RunnerFleet("burst", fleet_args(**fleet)))[0]


@pytest.fixture(scope="module")
def burst() -> Recording:
    return record_fleet()


def resource(recording: Recording, kind: str, name: str = "burst-workers") -> Registered:
    """A resource by the last part of its type, and its name."""
    (found,) = (
        each
        for (token, each_name), each in recording.registered.items()
        if token.endswith(f":{kind}") and each_name == name
    )
    return found


def statements(recording: Recording, name: str) -> dict[str, Any]:
    """The statements of a manager's policy, by their Sid."""
    policy = json.loads(resource(recording, "RolePolicy", name).inputs["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def config_toml(recording: Recording, name: str) -> dict[str, Any]:
    """The `[[runners]]` entry of a manager with one runner."""
    files = json.loads(resource(recording, "BucketObjectv2", f"{name}-files").inputs["content"])
    (entry,) = tomllib.loads(files["etc/gitlab-runner/config.toml"]["content"])["runners"]
    return dict(entry)


def test_workers_and_manager_are_children_of_the_fleet(burst: Recording) -> None:
    fleet = "gitlab-runner:index:RunnerFleet::burst"
    children = {identity for identity, each in burst.registered.items() if each.parent == fleet}
    assert children == {
        ("aws:ec2/securityGroup:SecurityGroup", "burst-workers"),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "burst-workers"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "burst-workers"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "burst-workers"),
        ("aws:autoscaling/group:Group", "burst-workers"),
        ("gitlab-runner:index:RunnerHost", "burst"),
    }


def test_a_manager_with_declared_egress_still_reaches_its_workers(burst: Recording) -> None:
    recording = record_fleet(manager={"egress": [{"cidr": "0.0.0.0/0", "from_port": 443}]})
    reaching = resource(recording, "SecurityGroupEgressRule", "burst-workers-ssh").inputs
    assert reaching == {
        "securityGroupId": "burst-id",
        "description": "SSH to the workers",
        "referencedSecurityGroupId": "burst-workers-id",
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
    }
    assert not [name for _, name in burst.registered if name == "burst-workers-ssh"]


def test_only_the_manager_scales_the_group(burst: Recording) -> None:
    group = resource(burst, "Group").inputs
    assert group["name"] == GROUP
    assert (group["minSize"], group["maxSize"]) == (0, 20)
    assert "desiredCapacity" not in group
    assert group["waitForCapacityTimeout"] == "0"
    assert group["protectFromScaleIn"] is True
    assert group["suspendedProcesses"] == ["AZRebalance"]
    assert group["forceDelete"] is True
    assert group["vpcZoneIdentifiers"] == ["subnet-of-the-account"]


def test_workers_are_on_demand_by_default(burst: Recording) -> None:
    assert resource(burst, "Group").inputs["mixedInstancesPolicy"] == {
        "instancesDistribution": {
            "onDemandAllocationStrategy": "prioritized",
            "onDemandBaseCapacity": 0,
            "onDemandPercentageAboveBaseCapacity": 100,
            "spotAllocationStrategy": "price-capacity-optimized",
        },
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": "burst-workers-id", "version": "1"},
            "overrides": [{"instanceType": "c7i.large"}, {"instanceType": "c7a.large"}],
        },
    }


def test_workers_may_be_spot_instances_above_an_on_demand_base() -> None:
    group = resource(
        record_fleet(on_demand_base=2, on_demand_percent=25, spot_allocation="capacity-optimized"), "Group"
    )
    assert group.inputs["mixedInstancesPolicy"]["instancesDistribution"] == {
        "onDemandAllocationStrategy": "prioritized",
        "onDemandBaseCapacity": 2,
        "onDemandPercentageAboveBaseCapacity": 25,
        "spotAllocationStrategy": "capacity-optimized",
    }


def worker_user_data(recording: Recording) -> dict[str, Any]:
    """The user data of a fleet's workers, as cloud-init reads it."""
    user_data: dict[str, Any] = yaml.safe_load(
        decoded(resource(recording, "LaunchTemplate").inputs["userData"])
    )
    return user_data


def written_files(recording: Recording) -> dict[str, str]:
    """The files that the user data of a fleet's workers writes, by their path."""
    return {each["path"]: each["content"] for each in worker_user_data(recording)["write_files"]}


def docker_daemon(**fleet: Any) -> dict[str, Any]:
    """The configuration of Docker on the workers of a fleet."""
    configuration: dict[str, Any] = json.loads(
        written_files(record_fleet(**fleet))["/etc/docker/daemon.json"]
    )
    return configuration


def test_docker_on_a_worker_is_configured_as_on_a_host() -> None:
    assert docker_daemon() == json.loads(docker_daemon_config(1, "172.17.0.0/16"))
    configured = docker_daemon(jobs_per_instance=128, job_networks="10.99.0.0/16", user_namespaces=True)
    assert configured == json.loads(docker_daemon_config(128, "10.99.0.0/16", user_namespaces=True))


def test_docker_on_a_worker_has_ipv6_addresses_for_job_networks() -> None:
    args = fleet_args()
    args["runners"]["burst"]["runner"]["config"] = {"docker": {"enable_ipv6": True}}
    recording, _ = run(lambda: RunnerFleet("burst", args))
    pools = json.loads(written_files(recording)["/etc/docker/daemon.json"])["default-address-pools"]
    assert {"base": "fd3a:6c1b:9d5e::/100", "size": 112} in pools


def test_a_worker_removes_unused_docker_data_as_a_host_does(burst: Recording) -> None:
    """Otherwise, the disk of a worker that always has jobs becomes full."""
    user_data = worker_user_data(burst)
    assert user_data["runcmd"] == [["/usr/local/sbin/gitlab-runner-worker"]]
    modes = {each["path"]: each["permissions"] for each in user_data["write_files"]}
    assert modes == {
        "/etc/gitlab-runner-host": "0600",
        "/etc/docker/daemon.json": "0644",
        "/usr/local/lib/gitlab-runner-host.sh": "0644",
        "/usr/local/sbin/gitlab-runner-prune": "0755",
        "/etc/systemd/system/gitlab-runner-prune.service": "0644",
        "/etc/systemd/system/gitlab-runner-prune.timer": "0644",
        "/usr/local/sbin/gitlab-runner-worker": "0755",
    }
    files = written_files(burst)
    of_a_host = json.loads(resource(burst, "BucketObjectv2", "burst-files").inputs["content"])
    for path in modes:
        if path.endswith("-host.sh") or "prune" in path:
            assert files[path] == without_comments(of_a_host[path.lstrip("/")]["content"])
    assert "enable --now gitlab-runner-prune.timer\n" in files["/usr/local/sbin/gitlab-runner-worker"]


def test_a_worker_has_no_role_and_nothing_but_docker(burst: Recording) -> None:
    template = resource(burst, "LaunchTemplate").inputs
    assert "iamInstanceProfile" not in template
    assert template["imageId"] == f"resolve:ssm:{AMAZON_LINUX}x86_64"
    assert template["vpcSecurityGroupIds"] == ["burst-workers-id"]
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (disk,) = template["blockDeviceMappings"]
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeType"], disk["ebs"]["volumeSize"]) == (
        "true",
        "gp3",
        100,
    )


def test_only_the_manager_connects_to_workers(burst: Recording) -> None:
    rule = resource(burst, "SecurityGroupIngressRule").inputs
    assert {key: rule.get(key) for key in ("ipProtocol", "fromPort", "toPort", "cidrIpv4")} == {
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrIpv4": None,
    }
    # The group of the manager's host is named burst, that of the workers burst-workers.
    assert (rule["securityGroupId"], rule["referencedSecurityGroupId"]) == ("burst-workers-id", "burst-id")


def test_workers_on_graviton_and_from_a_declared_image() -> None:
    recording = record_fleet(instance_types=["c7g.large"], ami="ami-0123456789abcdef0", user="ubuntu")
    template = resource(recording, "LaunchTemplate").inputs
    assert template["imageId"] == "ami-0123456789abcdef0"
    assert "userData" not in template
    assert statements(recording, "burst")["FleetLogin"]["Condition"]["StringEquals"]["ec2:osuser"] == "ubuntu"
    graviton = resource(record_fleet(instance_types=["c7g.large"]), "LaunchTemplate").inputs
    assert graviton["imageId"] == f"resolve:ssm:{AMAZON_LINUX}arm64"


def test_workers_and_manager_share_their_network() -> None:
    recording = record_fleet(**VPC)
    for name in ("burst", "burst-workers"):
        assert resource(recording, "SecurityGroup", name).inputs["vpcId"] == VPC["vpc"]
        assert resource(recording, "Group", name).inputs["vpcZoneIdentifiers"] == VPC["subnets"]


def test_the_manager_of_a_fleet(burst: Recording) -> None:
    assert resource(burst, "LaunchTemplate", "burst").inputs["instanceType"] == "t3.small"
    entry = config_toml(burst, "burst")
    assert (entry["executor"], entry["limit"]) == ("docker-autoscaler", 20)
    assert entry["id"] == "@RUNNER_ID_burst@"
    assert resource(burst, "BucketObjectv2", "burst-files").inputs["metadata"] == {"runner-ids": "23"}
    assert entry["autoscaler"]["plugin_config"] == {"name": GROUP}
    assert entry["feature_flags"]["FF_NETWORK_PER_BUILD"] is True
    permissions = statements(burst, "burst")
    group_arn = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/{GROUP}"
    assert permissions["FleetSize"]["Resource"] == [group_arn]


def test_the_manager_starts_after_its_fleet_is_created(burst: Recording) -> None:
    files = resource(burst, "BucketObjectv2", "burst-files").request
    assert any(urn.endswith("Group::burst-workers") for urn in files.dependencies)


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_only_the_token_is_secret_and_no_options_are_set(preview: bool) -> None:
    recording = run(lambda: RunnerFleet("burst", fleet_args()), preview=preview)[0]
    for identity, each in recording.registered.items():
        text = json.dumps({key: value for key, value in each.inputs.items() if key not in each.secrets})
        assert "glrt-canary" not in text, identity
        # Tested with the group of a host.
        ignored = ["initialLifecycleHooks"] if identity == ("aws:autoscaling/group:Group", "burst") else []
        assert each.request.ignoreChanges == ignored, identity


def test_a_fleet_refuses_a_runner_on_a_host() -> None:
    args = fleet_args()
    args["runners"]["burst"]["runner"] = {"group": 42, "host": {}}
    with pytest.raises(
        Exception, match=r"burst\.runners\.burst\.runner\n +found: +a 'host'\n +allowed: a 'fleet'"
    ):
        run(lambda: RunnerFleet("burst", args))


def test_a_host_refuses_a_runner_with_a_fleet() -> None:
    with pytest.raises(Exception, match=r"burst\.fleet_group\n +found: +a fleet, with no group"):
        run(lambda: RunnerHost("burst", fleet_args()))


def test_the_resources_of_a_cache() -> None:
    recording, bucket = run(lambda: RunnerCache("ci", {"expire_days": 7}).bucket)
    assert bucket == "ci-0a1b2c3"
    assert resource(recording, "Bucket", "ci").inputs == {"forceDestroy": True}
    (encryption,) = resource(recording, "BucketServerSideEncryptionConfiguration", "ci").inputs["rules"]
    assert encryption == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    (rule,) = resource(recording, "BucketLifecycleConfiguration", "ci").inputs["rules"]
    assert rule == {
        "id": "expire",
        "status": "Enabled",
        "filter": {},
        "expiration": {"days": 7},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
    }
    public = resource(recording, "BucketPublicAccessBlock", "ci").inputs
    assert {value for key, value in public.items() if key != "bucket"} == {True}
    (statement,) = json.loads(resource(recording, "BucketPolicy", "ci").inputs["policy"])["Statement"]
    assert (statement["Sid"], statement["Resource"][0]) == ("TlsOnly", "arn:aws:s3:::ci-0a1b2c3")


def test_a_cache_with_a_customer_managed_key() -> None:
    recording, _ = run(lambda: RunnerCache("ci", {"kms_key": KEY}))
    (encryption,) = resource(recording, "BucketServerSideEncryptionConfiguration", "ci").inputs["rules"]
    assert encryption == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        "bucketKeyEnabled": True,
    }


def test_a_cache_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(Exception, match=r"ci\.expire_days\n +found: +0\n +allowed: 1 or more"):
        run(lambda: RunnerCache("ci", {"expire_days": 0}))


def record_stack(**cache: Any) -> Recording:
    """Record a stack with a host, a fleet and a cache."""
    declared: Any = {
        "runners": {
            "build": {"group": 42, "host": {}},
            "burst": {"group": 42, "fleet": {"instance_types": ["c7i.large"], "max_instances": 2}},
        },
        "cache": cache,
    }
    return run(lambda: RunnerStack("ci", declared).runners)[0]


def test_a_stack_creates_a_host_a_fleet_and_one_cache() -> None:
    kinds = Counter(token.rpartition(":")[2] for token, _ in record_stack().registered)
    # The manager of the fleet has a host too.
    assert [kinds[each] for each in ("RunnerCache", "RunnerFleet", "RunnerHost")] == [1, 1, 2]


@pytest.mark.parametrize("runner", ["build", "burst"])
def test_each_runner_has_a_prefix_that_only_its_manager_may_use(runner: str) -> None:
    recording = record_stack()
    assert config_toml(recording, f"ci-{runner}")["cache"] == {
        "Type": "s3",
        "Path": f"runners/{runner}",
        "Shared": True,
        "s3": {"BucketName": "ci-0a1b2c3", "BucketLocation": REGION, "AuthenticationType": "iam"},
    }
    permissions = statements(recording, f"ci-{runner}")
    assert permissions["CacheObjects"]["Resource"] == [f"arn:aws:s3:::ci-0a1b2c3/runners/{runner}/*"]
    assert "CacheKey" not in permissions


def test_runners_may_share_a_cache_with_a_key() -> None:
    recording = record_stack(shared=True, kms_key=KEY)
    for runner in ("build", "burst"):
        assert config_toml(recording, f"ci-{runner}")["cache"]["Path"] == "shared"
        permissions = statements(recording, f"ci-{runner}")
        assert permissions["CacheObjects"]["Resource"] == ["arn:aws:s3:::ci-0a1b2c3/shared/*"]
        assert permissions["CacheKey"]["Resource"] == [KEY]
