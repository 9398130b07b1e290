"""Names that Python shares with the programs of hosts and functions are the same in each."""

import pytest
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.credentials.service import STATE
from pulumi_gitlab_runner.host.docker_manager import CURRENT
from pulumi_gitlab_runner.host.files import LINK, NUMBERS
from pulumi_gitlab_runner.host.manager_config import number_placeholder, token_placeholder
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.host.surroundings import ENVIRONMENT
from pulumi_gitlab_runner.host.user_data import INSTALLER
from pulumi_gitlab_runner.hosted_auth.configuration import code
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG
from pulumi_gitlab_runner.spec.observation import (
    HEALTH_DIMENSION,
    HEALTH_METRIC,
    METRIC_NAMESPACE,
    METRICS_PORT,
    RENEWAL_DIMENSION,
    RENEWAL_METRIC,
)

ANY_RUNNER = "([a-z0-9-]+)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("health", f"put-metric-data --namespace {METRIC_NAMESPACE} "),
        ("health", f"MetricName={HEALTH_METRIC},Value=1,Dimensions=[{{Name={HEALTH_DIMENSION},"),
        ("health", f"$root{DIRECTORY}/{STATE}"),
        ("apply", f'Metadata.\\"{NUMBERS}\\"'),
        ("apply", f'"$mode" = {LINK} '),
        ("apply", f'scan("{token_placeholder(ANY_RUNNER)}")'),
        ("apply", f'scan("\\"{number_placeholder(ANY_RUNNER)}\\"")'),
        ("boot", f":-{INSTALLER}}}"),
        ("firewall", f"usual_port={METRICS_PORT} "),
        ("worker", f"--dport {METRICS_PORT} "),
        ("host", f"$root/{ENVIRONMENT}"),
        ("turn", f"Name=tag:{HOST_TAG},"),
        ("manager", f"current={CURRENT}\n"),
    ],
)
def test_a_script_has_the_name_that_python_has(name: str, text: str) -> None:
    assert text in script(f"gitlab-runner-{name}.sh")


def test_the_function_reports_the_metric_that_its_alarm_watches() -> None:
    handler = code()["renewal/handler.py"]
    assert f'"Namespace": "{METRIC_NAMESPACE}", "Dimensions": [["{RENEWAL_DIMENSION}"]]' in handler
    assert f'[{{"Name": "{RENEWAL_METRIC}"}}]' in handler
    assert f'"{RENEWAL_DIMENSION}": mark, "{RENEWAL_METRIC}": 1' in handler
