"""Permissions to read secrets: existing ones that a declaration names, and those that the stack stores."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.regions import region_of
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret


def stored_secret_statements(
    sid_prefix: str, stored: Sequence[StoredSecret], *, batched: bool = False
) -> Iterator[Statement]:
    """Allow reading existing secrets, and using their KMS keys only through the secrets' store.

    Source of the conditions: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html and
    docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context). AWS
    documents one form for `kms:ViaService`, SERVICE.REGION.amazonaws.com, and no other for China.

    Args:
        sid_prefix: the prefix of the statement's `Sid`.
        stored: the locations of the secrets; one in neither store is ignored.
        batched: whether several are read with one call: each secret still needs
            `secretsmanager:GetSecretValue`, and the batch call supports no resource-level permissions
            (docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html).
    """
    if secrets := [known(each.secret) for each in stored if each.secret is not None]:
        yield allow(f"{sid_prefix}Secrets", ["secretsmanager:GetSecretValue"], secrets)
        if batched and len(secrets) > 1:
            yield allow(f"{sid_prefix}SecretsAtOnce", ["secretsmanager:BatchGetSecretValue"], ["*"])
    if parameters := [known(each.parameter) for each in stored if each.parameter is not None]:
        yield allow(
            f"{sid_prefix}Parameters", ["ssm:GetParameters" if batched else "ssm:GetParameter"], parameters
        )
    for number, ((key, service, region), arns) in enumerate(_by_key(stored).items(), 1):
        context = "SecretARN" if service == "secretsmanager" else "PARAMETER_ARN"
        conditions = {
            "kms:ViaService": f"{service}.{region}.amazonaws.com",
            f"kms:EncryptionContext:{context}": arns[0] if len(arns) == 1 else sorted(arns),
        }
        yield allow(f"{sid_prefix}Key{number}", ["kms:Decrypt"], [key], {"StringEquals": conditions})


def _by_key(stored: Sequence[StoredSecret]) -> dict[tuple[str, str, str], list[str]]:
    """The secrets that each key encrypts, by the key, the store and the store's region."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in stored:
        if each.key is not None:
            service = "ssm" if each.secret is None else "secretsmanager"
            arn = known(each.parameter or "") if each.secret is None else known(each.secret)
            found.setdefault((known(each.key), service, region_of(arn)), []).append(arn)
    return found


def parameter_statement(
    sid_prefix: str, parameter_arns: Sequence[str], *, batched: bool = False
) -> Statement:
    """Allow reading SecureString parameters of the stack.

    Args:
        sid_prefix: the prefix of the statement's `Sid`.
        parameter_arns: the ARNs of the parameters; a `*` at the end matches any text.
        batched: whether several are also read with one call.
    """
    actions = ["ssm:GetParameter", *(["ssm:GetParameters"] if batched else ())]
    return allow(f"{sid_prefix}Parameters", actions, parameter_arns)


def some_key_arn(environment: AwsEnvironment) -> str:
    """A placeholder with the length of a key's ARN, for the size of a policy before its key exists."""
    return environment.arn("kms", f"key/{'0' * 36}")


def parameter_key_statement(sid_prefix: str, parameter_arns: Sequence[str], key_arn: str) -> Statement:
    """Allow using the KMS key of the stack's SecureString parameters, only for these and in Parameter Store.

    The resource is the key's ARN, although it is only known once the key exists: a condition on its alias
    (`kms:ResourceAliases`) may take five minutes to have an effect, and holds for any key with the alias:
    docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html.

    Source of the conditions: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
    and docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context).

    Args:
        sid_prefix: the prefix of the statement's `Sid`.
        parameter_arns: the ARNs of the parameters, in one region; a `*` at the end matches any text.
        key_arn: the ARN of the key that encrypts them.
    """
    service = {"kms:ViaService": f"ssm.{region_of(parameter_arns[0])}.amazonaws.com"}
    context = {"kms:EncryptionContext:PARAMETER_ARN": sorted(parameter_arns)}
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {**service, **context}}
    if any(arn.endswith("*") for arn in parameter_arns):
        conditions = {"StringEquals": service, "StringLike": context}
    return allow(f"{sid_prefix}ParametersKey", ["kms:Decrypt"], [key_arn], conditions)
