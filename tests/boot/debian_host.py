"""A Debian runner host that boots below a directory, and AWS on loopback.

Stand-ins are `systemctl`, which logs its arguments, gitlab-runner itself, and AWS.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import boto3
import yaml
from pulumi_gitlab_runner.host.files import files_as_json, runner_numbers
from pulumi_gitlab_runner.host.machine_image import image_document
from pulumi_gitlab_runner.host.user_data import user_data
from pulumi_gitlab_runner.spec.operating_systems import DEBIAN_12

from sandbox.services.aws.server import AwsServer
from tests.boot.debian_root import DebianRoot
from tests.boot.packages import publish
from tests.host.aws_group import make_group
from tests.host.instance_metadata import InstanceMetadata
from tests.host.sandbox_host import PARAMETERS, sandbox_files

TOKEN = "glrt-canary-4711"
VERSION = "19.3.0"
KEYS = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
REGION = "eu-west-1"
SYSTEMCTL = r"""#!/bin/sh
if [ -e /etc/gitlab-runner/config.toml ]; then there=with; else there=without; fi
echo "$* $there config.toml" >>/var/log/systemctl
case "$*" in
*is-active\ gitlab-runner) test -e /usr/bin/gitlab-runner ;;
*is-active*) exit 3 ;;
esac
"""
# Debian's version is too old for AWS_ENDPOINT_URL.
# No instance waits at a hook here; the real command would take most of the time of a boot to report that.
AWS = """#!/bin/sh
case "$*" in
    *-lifecycle-action*) echo "No active Lifecycle Action found with instance ID" >&2 && exit 254 ;;
esac
exec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"
"""
LOGGER = """#!/bin/sh
for said; do :; done
echo "$(date +%s.%N) $said" >>/var/log/said
exit 1 # who could not log says it on stderr
"""
USER_DATA = user_data(
    bucket="the-bucket",
    key="build/files.json",
    region=REGION,
    tokens=PARAMETERS.tokens,
    runner_version=VERSION,
    operating_system=DEBIAN_12,
)


@dataclass(repr=False)
class Host:
    """A host that boots, in AWS on loopback."""

    root: DebianRoot
    aws: AwsServer
    environment: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """AWS, as an administrator sees it."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, **KEYS)

    def place(self, text: str = USER_DATA) -> None:
        """Write the files of user data, as cloud-init does."""
        for file in yaml.safe_load(text)["write_files"]:
            self.root.write(file["path"], file["content"], int(file["permissions"], 8))

    def boot(self, text: str = USER_DATA) -> CompletedProcess[str]:
        """Run the commands of user data."""
        (command,) = yaml.safe_load(text)["runcmd"]
        return self.root.run(*command, env=self.environment)

    def build_image(self) -> CompletedProcess[str]:
        """Do what Image Builder does to make a machine image of it."""
        (phase, _) = yaml.safe_load(image_document(DEBIAN_12, VERSION, [], []))["phases"]
        written, built = phase["steps"]
        for file in written["inputs"]:
            self.root.write(file["path"], file["content"])
        (command,) = built["inputs"]["commands"]
        return self.root.run(*command.split(), env=self.environment)

    def forget_its_stack(self) -> None:
        """Reset it to a machine that has its packages and has not booted as a host yet."""
        written = [file["path"] for file in yaml.safe_load(USER_DATA)["write_files"]]
        for path in (*sandbox_files(), *written, "/var/log/said", "/var/log/systemctl"):
            self.root.path(path).unlink(missing_ok=True)
        shutil.rmtree(self.root.path("/var/lib/gitlab-runner-host"))

    def store_token(self) -> None:
        """Put the runner's token where the host reads it."""
        self.client("ssm").put_parameter(Name=PARAMETERS.token("build"), Value=TOKEN, Type="SecureString")

    def systemctl_calls(self) -> list[str]:
        """The arguments of each call of `systemctl` so far."""
        log = self.root.path("/var/log/systemctl")
        return log.read_text().splitlines() if log.exists() else []

    def said(self) -> list[tuple[float, str]]:
        """The messages in the journal so far, each with its time in seconds."""
        lines = self.root.path("/var/log/said").read_text().splitlines()
        return [(float(time), text) for time, _, text in (line.partition(" ") for line in lines)]

    def health(self) -> str:
        """The health status of the host in its Auto Scaling group."""
        (group,) = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        status: str = group["Instances"][0]["HealthStatus"]
        return status


def furnish(host: Host, metadata: InstanceMetadata, directory: Path) -> None:
    """Put stand-ins on a host, a package repository below its root, and its files into S3."""
    host.root.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
    host.root.write("/usr/local/bin/aws", AWS, 0o755)
    host.root.write("/usr/local/bin/logger", LOGGER, 0o755)
    host.root.write("/usr/local/bin/docker", "#!/bin/sh\n", 0o755)  # its daemon does not run here
    host.root.write("/usr/local/bin/sleep", "#!/bin/sh\n", 0o755)  # the boot does not wait here
    fingerprint = publish(host.root.path("/srv/packages"), VERSION, directory / "gnupg")
    host.client("s3").create_bucket(
        Bucket="the-bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    files = files_as_json(sandbox_files())
    host.client("s3").put_object(
        Bucket="the-bucket",
        Key="build/files.json",
        Body=files.encode(),
        Metadata=runner_numbers({"build": "11"}),
    )
    (instance,) = make_group(host.client("autoscaling"), 1)
    metadata.set("instance-id", instance)
    metadata.set("tags/instance/aws:autoscaling:groupName", "the-group")
    host.environment = {
        **{name.upper(): value for name, value in KEYS.items()},
        "AWS_ENDPOINT_URL": host.aws.endpoint,
        "RUNNER_HOST_IMDS": metadata.endpoint,
        "RUNNER_HOST_CONSOLE": "/var/log/console",
        "RUNNER_HOST_PACKAGES_URL": "file:///srv/packages",
        "RUNNER_HOST_PACKAGES_KEY": fingerprint,
    }


def boot_seconds(said: list[tuple[float, str]], first: str = "installing the AWS command line") -> float:
    """How long the last boot took, from its first step or another one to "ready", by its messages."""
    starts = [time for time, text in said if text.startswith(first)]
    ready = [time for time, text in said if text == "ready"]
    return ready[-1] - starts[-1]
