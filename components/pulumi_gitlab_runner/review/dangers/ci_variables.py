"""CI variables that are passed to more jobs, or whose values become visible."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, named
from pulumi_gitlab_runner.review.preview import Step

_VARIABLES = {
    "gitlab:index/groupVariable:GroupVariable",
    "gitlab:index/instanceVariable:InstanceVariable",
    "gitlab:index/projectVariable:ProjectVariable",
}
_SETTINGS = {
    "protected": "jobs of every branch are given it",
    "masked": "it shows in job logs",
    "hidden": "it shows in GitLab's settings",
}
"""The effect of each setting that is not set."""


def variable_dangers(step: Step) -> Found:
    """CI variables that are less protected than before."""
    if step.type not in _VARIABLES or not step.old or step.operation == "delete":
        return
    variable = ("the variable", (named(step.new.get("key")),))
    for setting, without in _SETTINGS.items():
        if step.old.get(setting) is True and step.new.get(setting) is not True:
            yield DangerKind.VARIABLE, (variable, (f"is not {setting} any more: {without}", ()))
    before, after = (inputs.get("environmentScope", "*") for inputs in (step.old, step.new))
    if "*" != before != after:
        more = ("is given to jobs of the environments", (named(after),))
        yield DangerKind.VARIABLE, (variable, more, ("and not of", (named(before),)))
