"""The current user, and the metadata of the instance."""

from typing import Any

from sandbox.services.gitlab.access import current_user
from sandbox.services.gitlab.endpoints import endpoint

_VERSION = {"version": "19.4.1-ee", "revision": "sandbox"}


@endpoint("GET /user")
def show_current_user() -> dict[str, Any]:
    """The user of the token."""
    user = current_user()
    return {
        **user.summary,
        "locked": False,
        "bot": False,
        "public_email": "",
        "namespace_id": user.id,
        "is_admin": user.administrator,
    }


@endpoint("GET /metadata")
def show_metadata() -> dict[str, Any]:
    """The version, the revision and the agent server, which is disabled."""
    kas = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}
    return {**_VERSION, "kas": kas, "enterprise": True}


@endpoint("GET /version")
def show_version() -> dict[str, Any]:
    """The version and the revision."""
    return _VERSION
