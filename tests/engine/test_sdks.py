"""The SDKs for TypeScript and Go, as the engine's own generators make them, and the examples that use them.

The SDKs of AWS and GitLab are generated too, from the stand-ins' schemas: the official ones take minutes to
compile. What is fetched and compiled is kept below the sandbox's directory.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import boto3
import pytest
import yaml

from sandbox.engine.build import MODULE
from sandbox.environment import Sandbox
from sandbox.go_toolchain import GoBuildError, GoToolchain, go_version_needed
from sandbox.paths import CHECKOUT, sandbox_directory
from sandbox.progress import Step
from tests.engine.canaries import PASSWORD, written_forms
from tests.engine.languages import require_language

pytestmark = pytest.mark.engine

EXAMPLES = CHECKOUT / "examples"
CACHE = sandbox_directory() / "languages"
PROVIDERS = {
    "aws": "github.com/pulumi/pulumi-aws/sdk/v7",
    "gitlab": "github.com/pulumi/pulumi-gitlab/sdk/v10",
}
"""The providers whose resources the examples use, and the official module of each one's SDK for Go."""
FETCH_TIMEOUT_S = 300
COMPILE_TIMEOUT_S = 600


def generate(sandbox: Sandbox, language: str, program: Path) -> Path:
    """Write the SDKs below `sdks` of a program, as `pulumi package add` does; return that folder."""
    require_language(sandbox.engine, language)
    packages = {"gitlab-runner": str(CHECKOUT / "components"), **dict.fromkeys(PROVIDERS)}
    for name, source in packages.items():
        out = program / "generated" / name
        answer = sandbox.pulumi(
            "package", "gen-sdk", source or name, "--language", language, "--local", "--out", str(out)
        )
        assert answer.returncode == 0, answer.stderr
        target = program / "sdks" / name
        target.parent.mkdir(exist_ok=True)
        (out / language).rename(target)
    return program / "sdks"


@pytest.fixture(scope="module")
def typescript(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of `examples/typescript` with all its imports."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on PATH")
    program = tmp_path_factory.mktemp("typescript") / "shop"
    shutil.copytree(EXAMPLES / "typescript", program)
    sdks = generate(sandbox, "nodejs", program)
    declared = json.loads((program / "package.json").read_text())
    local = {"pulumi-gitlab-runner": "gitlab-runner", **{f"@pulumi/{name}": name for name in PROVIDERS}}
    fetched = {
        name: version
        for name, version in (declared["dependencies"] | declared["devDependencies"]).items()
        if name not in local
    }
    (program / "package.json").write_text(json.dumps({"private": True, "dependencies": fetched}))
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", f"--cache={CACHE / 'npm'}")
    try:
        answer = subprocess.run(
            [npm, "install", *options],
            cwd=program,
            capture_output=True,
            text=True,
            timeout=FETCH_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch {', '.join(fetched)} within {FETCH_TIMEOUT_S} s")
    if answer.returncode != 0:
        pytest.skip(f"npm cannot fetch {', '.join(fetched)}: {answer.stderr.strip()[-300:]}")
    for name, folder in local.items():
        target = program / "node_modules" / name
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(sdks / folder)
    return program


def compiled(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program / "node_modules" / ".bin" / "tsc", "--project", "tsconfig.json"],
        cwd=program,
        capture_output=True,
        text=True,
        timeout=COMPILE_TIMEOUT_S,
        check=False,
    )


def test_the_typescript_example_compiles_strictly(typescript: Path) -> None:
    assert json.loads((typescript / "tsconfig.json").read_text())["compilerOptions"]["strict"] is True
    answer = compiled(typescript)
    assert answer.returncode == 0, answer.stdout


MISTAKES = {
    "keepImages: 20": ('keepImages: "20"', "Type 'string' is not assignable to type 'number'"),
    "OperatingSystem.Debian12": ("OperatingSystem.Debian11", "Property 'Debian11' does not exist"),
    "group: group.id": ("grp: group.id", "'grp' does not exist in type"),
}
"""For each text of the example, the mistake that replaces it and the message of the compiler."""


def test_mistakes_in_typescript_do_not_compile(typescript: Path, tmp_path: Path) -> None:
    program = typescript.with_name(tmp_path.name)
    program.mkdir()
    shutil.copy(typescript / "tsconfig.json", program)
    (program / "node_modules").symlink_to(typescript / "node_modules")
    text = (typescript / "index.ts").read_text()
    for right, (wrong, _) in MISTAKES.items():
        assert right in text
        text = text.replace(right, wrong)
    (program / "index.ts").write_text(text)
    printed = compiled(program).stdout
    assert [message for _, message in MISTAKES.values() if message not in printed] == []


@pytest.fixture(scope="module")
def go_program(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[GoToolchain, Path]:
    """The toolchain, and the program of `examples/go` with all its imports."""
    program = tmp_path_factory.mktemp("go") / "shop"
    shutil.copytree(EXAMPLES / "go", program)
    sdks = generate(sandbox, "go", program)
    try:
        go = GoToolchain(go_version_needed(MODULE), Step("Go", ""))
        go.run(program, "mod", "download", "github.com/pulumi/pulumi/sdk/v3", timeout_s=FETCH_TIMEOUT_S)
    except GoBuildError as error:
        pytest.skip(str(error))
    for name, module in PROVIDERS.items():
        # As in the official module, the package is in its folder go/.
        generated = sdks / name
        (generated / "go").mkdir()
        (generated / name).rename(generated / "go" / name)
        go.run(generated, "mod", "edit", f"-module={module}", timeout_s=10)
        go.run(program, "mod", "edit", f"-replace={module}=./sdks/{name}", timeout_s=10)
    shutil.rmtree(program / "generated")
    pin_versions_of_the_engine(go, program)
    go.run(program, "mod", "tidy", timeout_s=FETCH_TIMEOUT_S)
    return go, program


def pin_versions_of_the_engine(go: GoToolchain, program: Path) -> None:
    """Require the versions of the engine's module, whose build has compiled these packages already."""
    pinned = re.findall(r"^\s+(\S+) (v\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    go.run(program, "mod", "edit", *(f"-require={name}@{version}" for name, version in pinned), timeout_s=10)


def test_the_go_example_compiles_and_passes_its_test(go_program: tuple[GoToolchain, Path]) -> None:
    go, program = go_program
    go.run(program, "test", "-vet=off", "./...", timeout_s=COMPILE_TIMEOUT_S)  # compiling vet takes long


def test_the_typescript_example_deploys(sandbox: Sandbox, typescript: Path) -> None:
    assert_deploys(sandbox, typescript, "typescript")


def test_the_go_example_deploys(sandbox: Sandbox, go_program: tuple[GoToolchain, Path]) -> None:
    assert_deploys(sandbox, go_program[1], "go")


def assert_deploys(sandbox: Sandbox, program: Path, stack: str) -> None:
    """Deploy an example, assert that a secret and an ID reach its resources, and destroy it."""
    project = yaml.safe_load((program / "Pulumi.yaml").read_text())
    project["packages"] = {"gitlab-runner": str(CHECKOUT / "components")}
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (program / "Pulumi.dev.yaml").rename(program / f"Pulumi.{stack}.yaml")
    printed = ""

    def pulumi(*arguments: str) -> str:
        nonlocal printed
        answer = sandbox.pulumi(*arguments, directory=program)
        printed += answer.stdout + answer.stderr
        if "without the language host that runs programs" in printed:
            pytest.skip("the engine has no language host that runs programs: it was built here")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return str(answer.stdout)

    pulumi("stack", "init", stack)
    pulumi("config", "set", "--secret", "partnerPassword", PASSWORD)
    try:
        pulumi("up", "--yes", "--skip-preview")
        resources = json.loads(pulumi("stack", "export"))["deployment"]["resources"]
        made = {each["type"]: each for each in resources}
        runner = made["gitlab:index/userRunner:UserRunner"]
        assert str(int(runner["inputs"]["groupId"])) == made["gitlab:index/group:Group"]["id"]
        (parameter,) = (each for each in resources if each.get("id", "").endswith("/registries/partner"))
        assert "ciphertext" in parameter["inputs"]["value"]
        aws = sandbox.services["aws"].url
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        ssm = boto3.client("ssm", region_name="eu-west-1", endpoint_url=aws, **keys)
        kept = ssm.get_parameter(Name=parameter["id"], WithDecryption=True)["Parameter"]["Value"]
        assert json.loads(kept) == {"username": "shop", "password": PASSWORD}
        pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    finally:
        pulumi("destroy", "--yes", "--skip-preview")
    assert not any(form in printed for form in written_forms(PASSWORD))
