"""Permissions to read secrets: those of the user's own, and those that the stack stores itself."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import region_of
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


def parameter_statements(
    of: str, parameter_arns: Sequence[str], key_arn: str, region: str, *, at_once: bool = False
) -> Iterator[Statement]:
    """Reading SecureString parameters of the stack, and using their key only through Parameter Store.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html and
    docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context).

    Args:
        of: what the statements' names start with.
        parameter_arns: the parameters; one that ends with `*` is a prefix.
        key_arn: the key that encrypts them.
        region: where they are.
        at_once: whether some are read with one call, too.
    """
    service = {"kms:ViaService": f"ssm.{region}.amazonaws.com"}
    context = {"kms:EncryptionContext:PARAMETER_ARN": sorted(parameter_arns)}
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {**service, **context}}
    if any(arn.endswith("*") for arn in parameter_arns):
        conditions = {"StringEquals": service, "StringLike": context}
    actions = ["ssm:GetParameter", *(["ssm:GetParameters"] if at_once else ())]
    yield allow(f"{of}Parameters", actions, parameter_arns)
    yield allow(f"{of}ParametersKey", ["kms:Decrypt"], [key_arn], conditions)
