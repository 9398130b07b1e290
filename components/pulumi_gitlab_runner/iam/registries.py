"""What it takes to pull from the declared registries: images, and the passwords that lie in secret stores."""

from collections.abc import Iterator, Mapping, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.iam.pull import (
    public_gallery_statement,
    pull_by_roles_policy,
    pull_statements,
)
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, region_of
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    PullThroughRegistry,
    Registry,
    StaticRegistry,
)


def registry_statements(registries: Sequence[Registry], environment: AwsEnvironment) -> Iterator[Statement]:
    """Statements that let a role pull from exactly these registries.

    Args:
        registries: the registries.
        environment: where their stack lives.
    """
    owned = [each for each in registries if isinstance(each, EcrRegistry)]
    cached = [each for each in registries if isinstance(each, PullThroughRegistry)]
    yield from pull_statements(
        [arn for each in owned for arn in each.repository_arns(environment)],
        [arn for each in cached for arn in each.repository_arns(environment)],
    )
    if any(isinstance(each, EcrPublicRegistry) for each in registries):
        yield public_gallery_statement()
    yield from _password_statements([each for each in registries if isinstance(each, StaticRegistry)])


def required_policies(
    pulled_by: Mapping[str, Sequence[Registry]], environment: AwsEnvironment
) -> dict[str, str]:
    """The policies that the owners of other accounts must put on their repositories, by registry.

    Args:
        pulled_by: the registries that each role pulls from, by the role's ARN.
        environment: where their stack lives.
    """
    roles: dict[str, list[str]] = {}
    for role_arn, registries in pulled_by.items():
        for each in registries:
            if isinstance(each, EcrRegistry) and each.account not in (None, environment.account):
                roles.setdefault(each.name, []).append(role_arn)
    return {name: pull_by_roles_policy(arns) for name, arns in roles.items()}


def _password_statements(registries: Sequence[StaticRegistry]) -> Iterator[Statement]:
    """Reading passwords of the user's own, and their keys through the store that they lie in alone.

    Source of the conditions: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html and
    docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context). AWS
    gives `kms:ViaService` one form, SERVICE.REGION.amazonaws.com, and none of its own for China.
    """
    if secrets := [each.secret for each in registries if each.secret]:
        yield allow("RegistrySecrets", ["secretsmanager:GetSecretValue"], secrets)
    if parameters := [each.parameter for each in registries if each.parameter]:
        yield allow("RegistryParameters", ["ssm:GetParameter"], parameters)
    keys = [(each, each.key) for each in registries if each.key]
    for number, (registry, key) in enumerate(keys, 1):
        if registry.secret:
            service, context, arn = "secretsmanager", "SecretARN", registry.secret
        else:
            service, context, arn = "ssm", "PARAMETER_ARN", str(registry.parameter)
        conditions = {
            "kms:ViaService": f"{service}.{region_of(arn)}.amazonaws.com",
            f"kms:EncryptionContext:{context}": arn,
        }
        yield allow(f"RegistryKey{number}", ["kms:Decrypt"], [key], {"StringEquals": conditions})
