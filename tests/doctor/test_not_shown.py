"""Fields that may contain a secret are not shown when the doctor's data are printed, as in a traceback."""

from dataclasses import fields

import pytest
from pulumi_gitlab_runner.doctor.credential_helpers import HelperProcess
from pulumi_gitlab_runner.doctor.job_variables import JobVariables
from pulumi_gitlab_runner.doctor.leftovers.state import Resource
from pulumi_gitlab_runner.doctor.pipelines.job_images import JobImage
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Source
from pulumi_gitlab_runner.doctor.runner_host import DockerUser, RunnerHost
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (HelperProcess, {"environment"}),
        (JobVariables, {"values"}),
        (Resource, {"inputs"}),
        (JobImage, {"variables", "credentials"}),
        (Source, {"original", "text"}),
        (DockerUser, {"docker_auth_config"}),
        (RunnerHost, {"settings"}),
        (RunnerVariables, {"environment", "job", "_sent", "_values"}),
    ],
)
def test_fields_that_may_contain_a_secret_are_not_shown(kind: type, names: set[str]) -> None:
    assert {each.name for each in fields(kind) if not each.repr} == names
