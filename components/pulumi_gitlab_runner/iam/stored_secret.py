"""Permissions to read secrets: those of the user's own, and those that the stack stores itself."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, region_of
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret


def stored_secret_statements(
    of: str, stored: Sequence[StoredSecret], *, at_once: bool = False
) -> Iterator[Statement]:
    """Reading secrets of the user's own, and using their keys only through their store.

    Source of the conditions: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html and
    docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context). AWS
    gives `kms:ViaService` one form, SERVICE.REGION.amazonaws.com, and none of its own for China.

    Args:
        of: what the statements' names start with.
        stored: where the secrets are; one in neither store is ignored.
        at_once: whether many are read with one call: each secret needs `secretsmanager:GetSecretValue` all
            the same, and the call itself has no resource
            (docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html).
    """
    if secrets := [known(each.secret) for each in stored if each.secret is not None]:
        yield allow(f"{of}Secrets", ["secretsmanager:GetSecretValue"], secrets)
        if at_once and len(secrets) > 1:
            yield allow(f"{of}SecretsAtOnce", ["secretsmanager:BatchGetSecretValue"], ["*"])
    if parameters := [known(each.parameter) for each in stored if each.parameter is not None]:
        yield allow(f"{of}Parameters", ["ssm:GetParameters" if at_once else "ssm:GetParameter"], parameters)
    for number, ((key, service, region), arns) in enumerate(_by_key(stored).items(), 1):
        context = "SecretARN" if service == "secretsmanager" else "PARAMETER_ARN"
        conditions = {
            "kms:ViaService": f"{service}.{region}.amazonaws.com",
            f"kms:EncryptionContext:{context}": arns[0] if len(arns) == 1 else sorted(arns),
        }
        yield allow(f"{of}Key{number}", ["kms:Decrypt"], [key], {"StringEquals": conditions})


def _by_key(stored: Sequence[StoredSecret]) -> dict[tuple[str, str, str], list[str]]:
    """The secrets that each key encrypts, by the key, the store and the store's region."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in stored:
        if each.key is not None:
            service = "ssm" if each.secret is None else "secretsmanager"
            arn = known(each.parameter or "") if each.secret is None else known(each.secret)
            found.setdefault((known(each.key), service, region_of(arn)), []).append(arn)
    return found


def parameter_statement(of: str, parameter_arns: Sequence[str], *, at_once: bool = False) -> Statement:
    """Reading SecureString parameters of the stack.

    Args:
        of: what the statement's name starts with.
        parameter_arns: the parameters; one that ends with `*` is a prefix.
        at_once: whether some are read with one call, too.
    """
    actions = ["ssm:GetParameter", *(["ssm:GetParameters"] if at_once else ())]
    return allow(f"{of}Parameters", actions, parameter_arns)


def some_key_arn(environment: AwsEnvironment) -> str:
    """An ARN as long as those of keys, for the size of a policy before its key is there."""
    return f"arn:{environment.partition}:kms:{environment.region}:{environment.account}:key/{'0' * 36}"


def parameter_key_statement(of: str, parameter_arns: Sequence[str], key_arn: str) -> Statement:
    """Using the key of SecureString parameters of the stack, through Parameter Store and for these only.

    By the key's ARN, although it is known late: a condition on its alias (`kms:ResourceAliases`) may take
    five minutes to have an effect, and holds for whichever key has the alias:
    docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html.

    Source of the conditions: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
    and docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context).

    Args:
        of: what the statement's name starts with.
        parameter_arns: the parameters; one that ends with `*` is a prefix. They are in one region.
        key_arn: the key that encrypts them.
    """
    service = {"kms:ViaService": f"ssm.{region_of(parameter_arns[0])}.amazonaws.com"}
    context = {"kms:EncryptionContext:PARAMETER_ARN": sorted(parameter_arns)}
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {**service, **context}}
    if any(arn.endswith("*") for arn in parameter_arns):
        conditions = {"StringEquals": service, "StringLike": context}
    return allow(f"{of}ParametersKey", ["kms:Decrypt"], [key_arn], conditions)
