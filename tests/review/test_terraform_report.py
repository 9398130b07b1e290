"""The counts in the format of GitLab's widget."""

import json

from pulumi_gitlab_runner.review.terraform_report import terraform_report

from tests.review.previews import preview, step

KEY = "aws:kms/key:Key"


def test_a_replacement_counts_as_a_creation_and_a_deletion() -> None:
    operations = ["create", "create", "import", "update", "replace", "delete", "same"]
    steps = [step(operation, KEY, f"{number}", {}, {}) for number, operation in enumerate(operations)]
    assert json.loads(terraform_report(preview(*steps))) == {"create": 4, "update": 1, "delete": 2}
