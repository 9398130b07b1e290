"""Generated pipelines, as gitlab-ci-local reads them: the same images for every job."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pulumi_gitlab_runner.doctor.pipelines.configuration import read_configurations
from pulumi_gitlab_runner.doctor.pipelines.job_images import images_of

from tests.doctor.pipelines import GeneratedPipeline, pipelines
from tests.gitlab_ci_local import gitlab_ci_local as gitlab_ci_local

pytestmark = pytest.mark.integration

EXAMPLES = 12


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository: gitlab-ci-local includes only files that git tracks."""
    project = tmp_path_factory.mktemp("project")
    (project / "ci").mkdir()
    subprocess.run(["git", "init", "--quiet", project], check=True, timeout=60)
    return project


def images(file: Path) -> dict[str, set[tuple[str, str]]]:
    """The role and the name of every image that each job pulls."""
    (configuration,) = read_configurations(file, {}, {}).each
    return {
        name: {(image.role, image.image) for image in images_of(configuration, name, {}).images}
        for name in configuration.container_jobs()
    }


@settings(
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
