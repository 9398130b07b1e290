"""The current user, and the metadata of the instance."""

from flask import Blueprint, Response, jsonify

from sandbox.services.gitlab.access import authenticate, current_user
from sandbox.services.gitlab.parameters import read_parameters

VERSION = "19.4.1-ee"
REVISION = "sandbox"

blueprint = Blueprint("about", __name__)
blueprint.before_request(authenticate)


@blueprint.get("/user")
def show_current_user() -> Response:
    """The user of the token."""
    read_parameters()
    user = current_user()
    return jsonify(
        {
            "id": user.id,
            "username": user.username,
            "name": user.name,
            "state": "active",
            "locked": False,
            "bot": False,
            "public_email": "",
            "namespace_id": user.id,
            "is_admin": user.administrator,
        }
    )


@blueprint.get("/metadata")
def show_metadata() -> Response:
    """The version, the revision and the agent server, which is disabled."""
    read_parameters()
    return jsonify(
        {
            "version": VERSION,
            "revision": REVISION,
            "kas": {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None},
            "enterprise": True,
        }
    )


@blueprint.get("/version")
def show_version() -> Response:
    """The version and the revision."""
    read_parameters()
    return jsonify({"version": VERSION, "revision": REVISION})
