"""What is said of what exists already in the place of a resource that is to be created."""

from pulumi_gitlab_runner.existing import Existing, refusal

PARENT = "urn:pulumi:prod::gitlab-runner::gitlab-runner:index:CiVariables::ci"
COMMAND = (
    "pulumi import --protect=false --generate-code=false "
    f"--parent 'parent={PARENT}' 'gitlab:index/groupVariable:GroupVariable' 'ci-group-42-KEY' '42:KEY:*'"
)


def told(found: Existing) -> str:
    return refusal(found, "gitlab:index/groupVariable:GroupVariable", "ci-group-42-KEY", PARENT)


def test_what_somebody_else_made() -> None:
    assert told(Existing("the CI variable KEY", "42:KEY:*", instead="declare `adopt: true`;")) == (
        f"the CI variable KEY exists already\n  fix: declare `adopt: true`;\n       or import it: {COMMAND}"
    )


def test_what_the_stack_itself_made() -> None:
    assert told(Existing("the log group /x", "42:KEY:*", ours=True)) == (
        "the log group /x exists already; it bears the mark of this stack, whose state does not have it\n"
        f"  fix: import it:\n       {COMMAND}"
    )
