"""Rules about stored credentials: runner tokens, Docker configurations."""

from collections.abc import Iterator

from .files import CONTAINER, PARAMETER, S3_OBJECTS, VARIABLES, readable, user_data
from .hosts import HOSTS
from .rule import Resource, Rule, texts

RUNNER_TOKEN = "glrt-"  # noqa: S105 - what a runner authentication token starts with
AWS_OWN_KEY = "alias/aws/ssm"


def openly_kept_token(resource: Resource) -> Iterator[str]:
    """Under AWS's own key every principal that may read parameters can decrypt this one.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html.
    """
    inputs = resource.inputs
    if not any(RUNNER_TOKEN in text for key in ("value", "insecureValue") for text in texts(inputs.get(key))):
        return
    if inputs.get("type") != "SecureString":
        yield 'It holds a runner token in the clear. Set type="SecureString" and keyId to a key of your own.'
    elif not inputs.get("keyId") or inputs["keyId"].endswith(AWS_OWN_KEY):
        yield "Its runner token is under AWS's own key. Set keyId to a customer-managed key."


def creds_store(resource: Resource) -> Iterator[str]:
    """A credsStore is asked for every registry, and a public image fails when it has no answer."""
    if any("credsStore" in text for text in readable(resource.inputs)):
        yield (
            "It holds a Docker configuration with credsStore, which is asked for every registry and breaks "
            "public pulls. Use credHelpers, which name a helper for each registry."
        )


def token_in_user_data(resource: Resource) -> Iterator[str]:
    """User data can be read by every process of an instance, and by everyone who may describe it."""
    if any(RUNNER_TOKEN in text for text in user_data(resource.inputs)):
        yield (
            "Its user data holds a runner token. Keep the token as a SecureString parameter, "
            "and let the host read it when it boots."
        )


RUNNER_TOKENS_ENCRYPTED = Rule(
    "runner-tokens-encrypted",
    "A parameter with a runner token is a SecureString under a customer-managed key.",
    (PARAMETER,),
    openly_kept_token,
)
NO_CREDS_STORE = Rule(
    "no-creds-store",
    "No Docker configuration names a credsStore.",
    (*S3_OBJECTS, *VARIABLES, PARAMETER, CONTAINER),
    creds_store,
)
USER_DATA_WITHOUT_TOKEN = Rule(
    "user-data-without-token",
    "No user data holds a runner token.",
    HOSTS,
    token_in_user_data,
)
