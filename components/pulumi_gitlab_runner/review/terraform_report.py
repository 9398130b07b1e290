"""The numbers of a preview for GitLab's widget in merge requests."""

import json

from pulumi_gitlab_runner.review.preview import Preview


def terraform_report(preview: Preview) -> str:
    """The report for `artifacts:reports:terraform`; a replacement is both a new resource and a deleted one.

    Source: docs.gitlab.com/user/infrastructure/iac/mr_integration.
    """
    counts = preview.counts
    return json.dumps(
        {
            "create": counts["create"] + counts["import"] + counts["replace"],
            "update": counts["update"],
            "delete": counts["delete"] + counts["replace"],
        }
    )
