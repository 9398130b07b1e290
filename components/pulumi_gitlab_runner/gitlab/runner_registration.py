"""A runner as GitLab knows it."""

import pulumi
import pulumi_gitlab as gitlab

from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.spec.runners import (
    RegistrationDeclaration,
    build_registration,
    registration_problems,
)
from pulumi_gitlab_runner.spec.shape import checked


class RunnerRegistration(pulumi.ComponentResource):
    """A runner of a group, a project or the instance, registered in GitLab.

    Creates:

    - `gitlab:index/userRunner:UserRunner`

    Raises `pulumi.RunError` for what GitLab would refuse: not exactly one of group, project and instance, a
    timeout below 600 seconds, a note of more than 1024 characters.
    """

    runner_id: pulumi.Output[str]
    """The runner's number in GitLab."""
    token: pulumi.Output[str]
    """Its authentication token (`glrt-…`), a secret. GitLab shows it once, so it lives on in the state."""

    def __init__(
        self, name: str, args: RegistrationDeclaration, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with told_once():
            declared = checked(plain(args), RegistrationDeclaration, name, registration_problems)
        registration = build_registration(name, declared)
        super().__init__("gitlab-runner:index:RunnerRegistration", name, {}, opts)
        scope = registration.scope
        runner = gitlab.UserRunner(
            name,
            runner_type=f"{scope.kind}_type",
            group_id=scope.number if scope.kind == "group" else None,
            project_id=scope.number if scope.kind == "project" else None,
            description=registration.description,
            tag_lists=list(registration.tags),
            untagged=registration.run_untagged,
            access_level="ref_protected" if registration.protected else "not_protected",
            locked=registration.locked,
            paused=registration.paused,
            maximum_timeout=registration.maximum_timeout,
            maintenance_note=registration.maintenance_note,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.runner_id = runner.id
        self.token = pulumi.Output.secret(runner.token)
        self.register_outputs({"runnerId": self.runner_id, "token": self.token})
