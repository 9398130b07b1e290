"""Names that AWS keeps for itself, where a program's own names are part of those in AWS."""

import pulumi

from pulumi_gitlab_runner.host.files import HostParameters
from pulumi_gitlab_runner.resolution import refused_as_whole
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem


def host_parameters(label: str) -> HostParameters:
    """The names in Parameter Store of what a host or function reads: below `/PROJECT/STACK/`.

    Args:
        label: what it is called outside of Pulumi.

    Raises:
        DeclarationRefused: parameters of this project would have names that AWS keeps for itself.
    """
    check_project()
    return HostParameters(f"/{pulumi.get_project()}/{pulumi.get_stack()}/{label}")


def check_project() -> None:
    """Refuse a project whose name AWS keeps for itself: parameters, and the alias of a key, start with it.

    Source: docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and
    docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html.

    Raises:
        DeclarationRefused: the name begins with `aws` or `ssm`, in whatever case.
    """
    project = pulumi.get_project()
    if project.lower().startswith(("aws", "ssm")):
        found = f"{project!r}, with which the names of parameters would begin"
        fix = "rename the project in Pulumi.yaml; `pulumi stack rename` moves a stack to it"
        _refuse(Problem("Pulumi.yaml: name", found, "a name that begins with neither aws nor ssm", fix))


def check_group_name(name: str) -> None:
    """Refuse a resource whose security group's name would begin as the ids of security groups do.

    Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html.

    Args:
        name: the resource's.

    Raises:
        DeclarationRefused: the name begins with `sg-`.
    """
    if name.startswith("sg-"):
        found = f"{name!r}, with which the name of a security group would begin"
        _refuse(Problem(name, found, "a name that does not begin with sg-", "rename the resource"))


def _refuse(problem: Problem) -> None:
    with refused_as_whole():
        raise DeclarationError([problem])
