"""CI variables that are passed to more jobs, or whose values become visible."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, named
from pulumi_gitlab_runner.review.preview import Step

_VARIABLES = {
    "gitlab:index/groupVariable:GroupVariable",
    "gitlab:index/instanceVariable:InstanceVariable",
    "gitlab:index/projectVariable:ProjectVariable",
}
_SETTINGS = {
    "protected": "jobs of all branches receive it",
    "masked": "its value can appear in job logs",
    "hidden": "its value is visible in GitLab's settings",
}
"""The effect of each setting that is not set."""


def variable_dangers(step: Step) -> Found:
    """CI variables that are less protected than before."""
    if step.type not in _VARIABLES or not step.old or step.operation == "delete":
        return
    variable = ("the variable", (named(step.new.get("key")),))
    for setting, without in _SETTINGS.items():
        if step.old.get(setting) is True and step.new.get(setting) is not True:
            yield DangerKind.VARIABLE, (variable, (f"is no longer {setting}: {without}", ()))
    before, after = (inputs.get("environmentScope", "*") for inputs in (step.old, step.new))
    if "*" != before != after:
        wider = ("is available in the environments", (named(after),))
        yield DangerKind.VARIABLE, (variable, wider, ("instead of", (named(before),)))
