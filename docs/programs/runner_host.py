"""A runner and its host as single components, with a repository that the program creates itself."""

import pulumi
import pulumi_aws as aws
import pulumi_gitlab_runner as runner

repository = aws.ecr.Repository("base", name="ci/base")
registration = runner.RunnerRegistration("build", {"group": 42, "tags": ["docker"]})
store = runner.HostStore("build", {})
host = runner.RunnerHost(
    "build",
    {
        "gitlab_url": "https://gitlab.example.com",
        "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
        "runners": {
            "build": {
                "runner": {
                    "group": 42,
                    "tags": ["docker"],
                    "registries": ["team"],
                    "host": {"concurrent": 2},
                },
                "runner_id": registration.runner_id,
                "token": registration.token,
            }
        },
        "bucket": store.bucket,
        "key_arn": store.key_arn,
    },
)
pulumi.export("image", repository.repository_url)
pulumi.export("role", host.role_name)
