"""Runners that run jobs which they did not run before."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, named
from pulumi_gitlab_runner.review.preview import Step

_RUNNER = "gitlab:index/userRunner:UserRunner"
_ENABLEMENT = "gitlab:index/projectRunnerEnablement:ProjectRunnerEnablement"
_WEAKENED = {
    (
        "accessLevel",
        "ref_protected",
    ): "accepts jobs of unprotected branches, to which more people can push",
    ("locked", True): "can be enabled for other projects",
    ("untagged", False): "accepts jobs without tags, from all pipelines",
}
"""The effect of each setting that loses this value."""
_REACH = {"project_type": "a project", "group_type": "a group", "instance_type": "the whole instance"}


def runner_dangers(step: Step) -> Found:
    """Changes that open a runner to more jobs, and its registries and caches to more people."""
    if step.type == _ENABLEMENT and step.operation == "create":
        yield DangerKind.RUNNER, (("accepts jobs of the project", (named(step.new.get("project")),)),)
    if step.type != _RUNNER or not step.old or step.operation == "delete":
        return
    for (setting, value), what in _WEAKENED.items():
        if step.old.get(setting) == value != step.new.get(setting):
            yield DangerKind.RUNNER, ((what, ()),)
    kinds = list(_REACH)
    before, after = step.old.get("runnerType"), step.new.get("runnerType")
    if before in kinds and after in kinds and kinds.index(after) > kinds.index(before):
        yield DangerKind.RUNNER, ((f"accepts jobs of {_REACH[after]}, not only of {_REACH[before]}", ()),)
