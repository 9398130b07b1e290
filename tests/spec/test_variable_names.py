"""The names of the resources of CI variables: a changed name would replace the resource."""

from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.variables import variable_names


def test_names_contain_the_environment_and_are_unique() -> None:
    declared = [
        {"group": 42, "key": "KEY", "value": "value"},
        {"group": 42, "key": "KEY", "value": "value", "environment_scope": "prod"},
        {"project": 7, "key": "KEY", "value": "value"},
    ]
    variables = parse_stack({"variables": declared}).variables
    assert variable_names("ci", variables) == ["ci-group-42-KEY", "ci-group-42-KEY-prod", "ci-project-7-KEY"]
    assert variable_names("ci", [variables[0]] * 2) == ["ci-group-42-KEY", "ci-group-42-KEY-2"]
