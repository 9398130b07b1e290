"""Name prefixes that AWS reserves, for project and resource names that become part of names in AWS."""

import pulumi

from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.resolution import refused_as_whole
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem


def host_parameters(label: str) -> HostParameters:
    """The names in Parameter Store of the parameters of a host or function: below `/PROJECT/STACK/`.

    Args:
        label: the physical name of the host or function.

    Raises:
        DeclarationRefused: AWS reserves the names that parameters of this project would have.
    """
    check_project()
    return HostParameters(f"/{stack_mark()}/{label}")


def check_project() -> None:
    """Refuse a project name with a prefix that AWS reserves: names of parameters and aliases start with it.

    Source: docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and
    docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html.

    Raises:
        DeclarationRefused: the name begins with `aws` or `ssm`, in upper or lower case.
    """
    project = pulumi.get_project()
    if project.lower().startswith(("aws", "ssm")):
        found = f"{project!r}, with which the names of parameters would begin"
        fix = "rename the project in Pulumi.yaml; `pulumi stack rename` moves a stack to it"
        _refuse(Problem("Pulumi.yaml: name", found, "a name that begins with neither aws nor ssm", fix))


def check_group_name(name: str) -> None:
    """Refuse a resource name that would give its security group a name that begins with `sg-`, as ids do.

    Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html.

    Args:
        name: the resource name.

    Raises:
        DeclarationRefused: the name begins with `sg-`.
    """
    if name.startswith("sg-"):
        found = f"{name!r}, with which the name of a security group would begin"
        _refuse(Problem(name, found, "a name that does not begin with sg-", "rename the resource"))


def _refuse(problem: Problem) -> None:
    with refused_as_whole():
        raise DeclarationError([problem])
