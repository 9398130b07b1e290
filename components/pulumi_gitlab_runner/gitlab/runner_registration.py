"""The registration of a runner in GitLab."""

import pulumi
import pulumi_gitlab as gitlab

from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.resolution import given, given_or_none, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec.declared import declared_registration
from pulumi_gitlab_runner.spec.inputs import Value, is_known, known
from pulumi_gitlab_runner.spec.runners import (
    LONGEST_NOTE,
    Registration,
    RegistrationDeclaration,
    parse_registration,
    registration_problems,
)
from pulumi_gitlab_runner.spec.shape import checked
from pulumi_gitlab_runner.spec.texts import with_stack_note


class RunnerRegistration(Component[Registration]):
    """A runner of a group, a project or the instance, registered in GitLab.

    A new `generation` registers the runner again, with a new token. With `keep_previous` the previous
    generation is kept, paused, so that its running jobs finish. It stays in its group, project or instance,
    so that a runner can also move to another one in this way.

    Creates:

    - `gitlab:index/userRunner:UserRunner`, one for each generation
    - `gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement` for each of `other_projects`

    Raises `pulumi.RunError` for a declaration that GitLab would refuse, such as one without exactly one of
    group, project and instance, a timeout below 600 seconds, more than 50 tags, or other projects of a locked
    runner.
    """

    runner_id: pulumi.Output[str]
    """The runner's number in GitLab."""
    token: pulumi.Output[str]
    """Its authentication token (`glrt-…`), a secret. GitLab shows it only once, so the state contains it."""

    def __init__(
        self, name: str, args: RegistrationDeclaration, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), RegistrationDeclaration, name, registration_problems)
        self._make(name, parse_registration(name, read), opts)

    def _make(self, name: str, model: Registration, opts: pulumi.ResourceOptions | None) -> None:
        self.register_component("RunnerRegistration", name, declared_registration(model), opts)
        runner = self._register(model, model.generation, model.paused, self._child)
        generation_name = self._generation_name(model.generation)
        for index, project in enumerate(model.other_projects, 1):
            suffix = f"project-{known(project)}" if is_known(project) else f"other-project-{index}"
            gitlab.ProjectRunnerEnablement(
                f"{generation_name}-{suffix}",
                project=pulumi.Output.from_input(given(project)).apply(str),
                runner_id=runner.id.apply(int),
                opts=self._child,
            )
        if model.keep_previous:
            # GitLab cannot move a runner. A new group or project would replace the previous generation, whose
            # jobs still run.
            unmoved = pulumi.ResourceOptions(
                parent=self, ignore_changes=["runner_type", "group_id", "project_id"]
            )
            self._register(model, model.generation - 1, True, unmoved)
        self.runner_id = runner.id
        self.token = pulumi.Output.secret(runner.token)
        self.register_declared_outputs()

    def _register(
        self, registration: Registration, generation: int, paused: bool, opts: pulumi.ResourceOptions
    ) -> gitlab.UserRunner:
        scope, tags = registration.scope, resolved(registration.tags)
        number = given_or_none(scope.number)
        return gitlab.UserRunner(
            self._generation_name(generation),
            runner_type=f"{scope.kind}_type",
            group_id=number if scope.kind == "group" else None,
            project_id=number if scope.kind == "project" else None,
            description=given(registration.description),
            tag_lists=tags.apply(lambda found: [known(each) for each in known(found)]),
            untagged=(
                tags.apply(lambda found: not found)
                if registration.run_untagged is None
                else registration.run_untagged
            ),
            access_level="ref_protected" if registration.protected else "not_protected",
            locked=registration.locked,
            paused=paused,
            maximum_timeout=registration.maximum_timeout,
            maintenance_note=_note(registration.maintenance_note),
            opts=opts,
        )

    def _generation_name(self, generation: int) -> str:
        """The resource name of a generation, with its number, so that the next one does not replace it."""
        # Runner names contain no `_`, so no runner has the name of another one's generation.
        return self._name if generation == 1 else f"{self._name}_{generation}"


def _note(declared: Value[str] | None) -> pulumi.Input[str]:
    """The declared note, with the line that contains the stack's mark."""
    text, mark = given("" if declared is None else declared), stack_mark()
    return pulumi.Output.from_input(text).apply(lambda known: with_stack_note(known, mark, LONGEST_NOTE))
