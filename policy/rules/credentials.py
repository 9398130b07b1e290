"""Rules for stored credentials: runner tokens and Docker configurations."""

from collections.abc import Iterator

from .files import CONTAINER, PARAMETER, S3_OBJECTS, VARIABLES, readable, user_data
from .hosts import HOSTS
from .rule import Resource, Rule, texts

RUNNER_TOKEN = "glrt-"  # noqa: S105 - the prefix of runner authentication tokens
AWS_OWN_KEY = "alias/aws/ssm"


def unprotected_token(resource: Resource) -> Iterator[str]:
    """With the AWS managed key, every principal that may read parameters can decrypt the token.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html.
    """
    inputs = resource.inputs
    if not any(RUNNER_TOKEN in text for key in ("value", "insecureValue") for text in texts(inputs.get(key))):
        return
    if inputs.get("type") != "SecureString":
        yield (
            'It contains a runner token in plain text. Set type="SecureString", and keyId to a customer '
            "managed key."
        )
    elif not inputs.get("keyId") or inputs["keyId"].endswith(AWS_OWN_KEY):
        yield "Its runner token is encrypted with the AWS managed key. Set keyId to a customer managed key."


def creds_store(resource: Resource) -> Iterator[str]:
    """A credsStore is called for every registry, and the pull of a public image fails if the call fails."""
    if any("credsStore" in text for text in readable(resource.inputs)):
        yield (
            "It contains a Docker configuration with credsStore, which is called for every registry and "
            "breaks public pulls. Use credHelpers, with a credential helper for each registry."
        )


def token_in_user_data(resource: Resource) -> Iterator[str]:
    """Every process on an instance can read its user data, and every principal that may describe it, too."""
    if any(RUNNER_TOKEN in text for text in user_data(resource.inputs)):
        yield (
            "Its user data contains a runner token. Store the token as a SecureString parameter that the "
            "host reads when it boots."
        )


RUNNER_TOKENS_ENCRYPTED = Rule(
    "runner-tokens-encrypted",
    "A parameter with a runner token is a SecureString with a customer managed key.",
    (PARAMETER,),
    unprotected_token,
)
NO_CREDS_STORE = Rule(
    "no-creds-store",
    "No Docker configuration contains credsStore.",
    (*S3_OBJECTS, *VARIABLES, PARAMETER, CONTAINER),
    creds_store,
)
USER_DATA_WITHOUT_TOKEN = Rule(
    "user-data-without-token",
    "No user data contains a runner token.",
    HOSTS,
    token_in_user_data,
)
