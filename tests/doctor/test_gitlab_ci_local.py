"""Generated pipelines, as gitlab-ci-local reads them: the same images for every job.

gitlab-ci-local (https://github.com/firecow/gitlab-ci-local) merges a pipeline in code of its own; `--preview`
shows the result, which needs no include, no `extends` and no `default:` any more.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pulumi_gitlab_runner.doctor.pipelines.configuration import read_configurations
from pulumi_gitlab_runner.doctor.pipelines.job_images import images_of

from sandbox.paths import CHECKOUT
from tests.doctor.pipelines import GeneratedPipeline, pipelines

VERSION = "4.70.1"  # the last ones need Node.js 22
INSTALLED = CHECKOUT / ".sandbox" / f"gitlab-ci-local-{VERSION}"
PROGRAM = INSTALLED / "node_modules" / ".bin" / "gitlab-ci-local"
EXAMPLES = 12


@pytest.fixture(scope="session")
def gitlab_ci_local() -> str:
    if not PROGRAM.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed, and gitlab-ci-local comes from its registry")
        INSTALLED.mkdir(parents=True, exist_ok=True)
        package = f"gitlab-ci-local@{VERSION}"
        install = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(INSTALLED),
            package,
        ]
        done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install {package}: {done.stderr[-300:]}")
    asked = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode:
        pytest.skip(f"gitlab-ci-local {VERSION} does not run with this Node.js")
    return str(PROGRAM)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository: gitlab-ci-local includes only files that git knows."""
    project = tmp_path_factory.mktemp("project")
    (project / "ci").mkdir()
    subprocess.run(["git", "init", "--quiet", project], check=True, timeout=60)
    return project


def images(file: Path) -> dict[str, set[tuple[str, str]]]:
    """The role and the name of all that each job pulls."""
    (configuration,) = read_configurations(file, {}, {}).each
    return {
        name: {(image.role, image.image) for image in images_of(configuration, name, {}).images}
        for name in configuration.container_jobs()
    }


@settings(
    deadline=None,
    max_examples=EXAMPLES,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pipelines())
def test_the_same_images_for_every_job(
    gitlab_ci_local: str, project: Path, generated: GeneratedPipeline
) -> None:
    (project / "ci" / "more.yml").unlink(missing_ok=True)
    for path, text in generated.texts("registry.example.com:5000").items():
        (project / path).write_text(text)
    subprocess.run(["git", "-C", project, "add", "--all"], check=True, timeout=60)
    shown = subprocess.run(
        [gitlab_ci_local, "--preview"], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert shown.returncode == 0, shown.stderr
    theirs = project / "preview.yml"
    theirs.write_text(shown.stdout)
    assert images(project / ".gitlab-ci.yml") == images(theirs)
    theirs.unlink()
