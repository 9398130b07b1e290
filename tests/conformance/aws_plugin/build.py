"""A plugin of the real AWS provider, built from public source: what the stand-in is compared with.

Pulumi's own plugin is the Terraform provider (hashicorp/terraform-provider-aws, upstream from here on) behind
Pulumi's bridge, with patches of upstream that are in no Go module. This one is the same without the patches,
and with only the services that the stand-in has: they compile in minutes, all of AWS in hours.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sandbox.engine.installed_packages import required_plugins
from sandbox.go_toolchain import GoBuildError, GoToolchain, go_version_needed
from sandbox.progress import Progress, Step
from sandbox.providers.aws.provider import Aws

HERE = Path(__file__).parent
UPSTREAM = "github.com/hashicorp/terraform-provider-aws"
SDK = "github.com/hashicorp/terraform-plugin-sdk/v2"
FORK = "github.com/pulumi/terraform-plugin-sdk/v2@v2.0.0-20250923233607-7f1981c8674a"
"""Pulumi's fork of the plugin SDK, as the bridge's `go.mod` names it."""

_SERVICES = (
    *(
        "autoscaling",
        "cloudwatch",
        "ec2",
        "ecr",
        "elb",
        "elbv2",
        "iam",
        "imagebuilder",
        "kms",
        "lambda",
        "logs",
    ),
    *("meta", "organizations", "s3", "s3control", "scheduler", "secretsmanager", "sns", "ssm", "sts"),
)
"""Upstream's packages of the served types, and those that they call."""
_NAMES = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
}
"""Upstream's names that do not follow from Pulumi's tokens."""
_WITHOUT_SERVICE = ("ec2", "index")
"""The modules whose name is not a part of upstream's names."""
_PACKAGES_TO_COMPILE = 1200


def build(directory: Path, progress: Progress) -> None:
    """Build the plugin into a directory; about ten minutes the first time.

    Raises:
        GoBuildError: no Go toolchain is available, or a part of the build fails.
    """
    with (
        progress.step("AWS provider", "building") as step,
        tempfile.TemporaryDirectory(prefix="aws-plugin-") as scratch,
    ):
        toolchain = GoToolchain(go_version_needed(HERE), step)
        module = _module(Path(scratch), toolchain, step)

        def compiled(package: str, output: Path) -> Path:
            flags = ("-mod=mod", "-ldflags", "-s -w")
            toolchain.build(module, f"./cmd/{package}", output, *flags, compiles=_PACKAGES_TO_COMPILE)
            return output

        _describe(compiled("schema", module / "schema"), module)
        compiled("pulumi-resource-aws", directory / "pulumi-resource-aws")


def _module(scratch: Path, toolchain: GoToolchain, step: Step) -> Path:
    """Return the plugin's module, beside what it replaces: upstream and the fork, each with an addition."""
    module = scratch / "module"
    shutil.copytree(HERE, module, ignore=shutil.ignore_patterns("*.py", "additions", "__pycache__"))
    version = re.search(rf"{UPSTREAM} (\S+)", (HERE / "go.mod").read_text())
    assert version is not None
    upstream, fork = module / "terraform-provider-aws", module / "terraform-plugin-sdk"
    unused = shutil.ignore_patterns("*_test.go", "testdata", "docs", "website")
    for name, copy in ((f"{UPSTREAM}@{version[1]}", upstream), (FORK, fork)):
        step.now(f"downloading {name}")
        toolchain.run(scratch, "mod", "download", name, timeout_s=900)
        shutil.copytree(toolchain.module_directory(scratch, name), copy, ignore=unused)
    narrow(upstream)
    (upstream / "shim").mkdir()
    shutil.copy(HERE / "additions" / "shim.go", upstream / "shim")
    shutil.copy(HERE / "additions" / "generate_resource_config.go", fork / "helper" / "schema")
    (module / "served.json").write_text(json.dumps(_served()))
    (module / "schema.json").write_text("")
    (module / "bridge-metadata.json").write_text("{}")
    return module


def _describe(command: Path, module: Path) -> None:
    """Write the schema, and the metadata that says which part of the provider serves which type."""
    described = module / "described"
    # A name of a resource may be one of a data source, which is not served then.
    environment = {"PATH": "", "HOME": str(module), "PULUMI_SKIP_MISSING_MAPPING_ERROR": "true"}
    done = subprocess.run(
        [command, "schema", "--out", described, "--skip-docs", "--skip-examples"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise GoBuildError(f"the schema cannot be made: {done.stderr.strip()[-500:]}")
    for name in ("schema.json", "bridge-metadata.json"):
        shutil.move(described / name, module / name)


def _served() -> dict[str, object]:
    plugin = next(each for each in required_plugins() if each.name == Aws.package)
    return {
        "version": plugin.version.removeprefix("v"),
        "resources": {each.token: upstream_name(each.token) for each in Aws.resources},
        "functions": {each.token: upstream_name(each.token) for each in Aws.functions},
    }


def upstream_name(token: str) -> str:
    """Return upstream's name of a type: `aws_ecr_repository` for `aws:ecr/repository:Repository`."""
    _, module, name = token.split(":")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removeprefix("get")).lower()
    service = module.partition("/")[0]
    return _NAMES.get(token) or "_".join(["aws", *([] if service in _WITHOUT_SERVICE else [service]), words])


def narrow(upstream: Path) -> None:
    """Remove the services that are not served, and the clients that only those use."""
    internal = upstream / "internal"
    packages = internal / "provider" / "sdkv2" / "service_packages_gen.go"
    others = re.compile(rf"^\t\t(?!(?:{'|'.join(_SERVICES)})\.)\w+\.ServicePackage\(ctx\),\n", re.MULTILINE)
    _write(packages, others.sub("", packages.read_text()))
    sources = [each for name in _SERVICES for each in (internal / "service" / name).rglob("*.go")]
    used = _calls(sources)
    clients = internal / "conns" / "awsclient_gen.go"
    method = re.compile(r"^func \(c \*AWSClient\) (\w+)\(.*?^}\n\n?", re.MULTILINE | re.DOTALL)
    _write(clients, method.sub(lambda found: found[0] if found[1] in used else "", clients.read_text()))


def _calls(sources: Iterable[Path]) -> set[str]:
    return {name for each in sources for name in re.findall(r"\b(\w+Client)\(ctx", each.read_text())}


def _write(file: Path, text: str) -> None:
    """Write a Go file without the imports that its text does not use."""

    def kept(found: re.Match[str]) -> str:
        name = found["alias"] or found["path"].rpartition("/")[2]
        return found[0] if re.search(rf"\b{name}\.", text.replace(found[0], "")) else ""

    file.write_text(re.sub(r'^\t(?:(?P<alias>\w+) )?"(?P<path>[^"]+)"\n', kept, text, flags=re.MULTILINE))
