"""This version replaces or deletes no resource of a stack of an earlier version."""

import json
from pathlib import Path

import pytest

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT
from tests.engine.project import Project

pytestmark = pytest.mark.engine

DEFAULT_VPC = "vpc-d91e933e7733a12c2"
DEFAULT_PREFIX = '"upstreamRepositoryPrefix": "ROOT"'
"""A property of a cache rule that the sandbox of the earlier version returned, and AWS does not."""
STATES = Path(__file__).parent / "upgrade"
SETTINGS = {
    "sandbox": CHECKOUT / "stacks" / "Pulumi.sandbox.yaml",
    "everything": STATES / "af27e12" / "Pulumi.everything.yaml",
}
CREATED_SINCE = {
    ("BucketLifecycleConfiguration", "ci"),
    ("BucketPolicy", "ci"),
    ("DefaultSecurityGroup", "ci"),
}
"""The resources that this version creates, and the earlier one did not."""


@pytest.mark.parametrize("stack", sorted(SETTINGS))
def test_nothing_is_replaced_or_deleted(sandbox: Sandbox, tmp_path: Path, stack: str) -> None:
    """The state is that of commit af27e12. Its resources do not exist: a preview does not read them."""
    project = Project(tmp_path / "it", sandbox, settings=SETTINGS[stack], stack=stack)
    state = (STATES / "af27e12" / f"{stack}.json").read_text()
    (vpc,) = project.aws("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    # The account of the state had another default VPC.
    written = tmp_path / "state.json"
    none = DEFAULT_PREFIX.replace('"ROOT"', "null")
    written.write_text(state.replace(DEFAULT_VPC, vpc["VpcId"]).replace(DEFAULT_PREFIX, none))
    project.pulumi("stack", "import", "--file", str(written))
    changes = project.changes()
    lost = {each for each in changes if each[0] not in ("create", "update")}
    assert not lost, json.dumps(sorted(lost), indent=1)
    created = {each for each in changes if each[0] == "create" and each[1:] not in CREATED_SINCE}
    # The launch hook, which is part of a new group.
    created -= {each for each in created if each[1] == "LifecycleHook" and each[2].endswith("-boot")}
    # The right to decrypt, which was part of another policy of the role.
    created -= {each for each in created if each[1] == "RolePolicy" and each[2].endswith(".key")}
    assert not created, json.dumps(sorted(created), indent=1)
