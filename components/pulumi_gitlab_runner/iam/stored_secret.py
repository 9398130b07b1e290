"""What it takes to read secrets: those of the user's own, and those that the stack keeps itself."""

from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import region_of
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret


def stored_secret_statements(
    of: str, stored: Sequence[StoredSecret], *, at_once: bool = False
) -> Iterator[Statement]:
    """Reading secrets of the user's own, and their keys through the store that they lie in alone.

    Source of the conditions: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html and
    docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context). AWS
    gives `kms:ViaService` one form, SERVICE.REGION.amazonaws.com, and none of its own for China.

    Args:
        of: what the statements' names start with.
        stored: where the secrets are; one in neither store is passed over.
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
    keys = [(each, known(each.key)) for each in stored if each.key is not None]
    for number, (place, key) in enumerate(keys, 1):
        if place.secret is not None:
            service, context, arn = "secretsmanager", "SecretARN", known(place.secret)
        else:
            service, context, arn = "ssm", "PARAMETER_ARN", known(place.parameter or "")
        conditions = {
            "kms:ViaService": f"{service}.{region_of(arn)}.amazonaws.com",
            f"kms:EncryptionContext:{context}": arn,
        }
        yield allow(f"{of}Key{number}", ["kms:Decrypt"], [key], {"StringEquals": conditions})


def parameter_statements(
    of: str, parameter_arns: Sequence[str], key_arn: str, region: str, *, at_once: bool = False
) -> Iterator[Statement]:
    """Reading SecureString parameters of the stack, and the key for them and through Parameter Store alone.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html and
    docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html (encryption context).

    Args:
        of: what the statements' names start with.
        parameter_arns: the parameters.
        key_arn: the key that encrypts them.
        region: where they are.
        at_once: whether some are read with one call, too.
    """
    context = {
        "kms:ViaService": f"ssm.{region}.amazonaws.com",
        "kms:EncryptionContext:PARAMETER_ARN": sorted(parameter_arns),
    }
    actions = ["ssm:GetParameter", *(["ssm:GetParameters"] if at_once else ())]
    yield allow(f"{of}Parameters", actions, parameter_arns)
    yield allow(f"{of}ParametersKey", ["kms:Decrypt"], [key_arn], {"StringEquals": context})
