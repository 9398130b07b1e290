"""The declaration of endpoints: method, path, parameters, required role and status."""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import (
    authenticate,
    find_group,
    find_project,
    require_administrator,
    require_role,
)
from sandbox.services.gitlab.parameters import Parameter, integer, read_parameters
from sandbox.services.gitlab.state import Role

View = TypeVar("View", bound=Callable[..., Any])

api = Blueprint("api", __name__, url_prefix="/api/v4")
"""The API for users, with access tokens."""
runner_api = Blueprint("runner_api", __name__, url_prefix="/api/v4")
"""The API for runner managers, which authenticates each request itself."""
own_api = Blueprint("own_api", __name__, url_prefix="/sandbox")
"""The double's own API, for tests."""
api.before_request(authenticate)
own_api.before_request(authenticate)

_DEFAULT_SIZE = 20
_MAXIMUM_SIZE = 100
_PAGINATION = (Parameter("page", integer), Parameter("per_page", integer))
_PLACES: dict[str, Callable[[str], Any]] = {"group": find_group, "project": find_project}


def endpoint(
    rule: str,
    *parameters: Parameter,
    role: Role = Role.NONE,
    administrator: bool = False,
    status: int = 200,
    paged: bool = False,
    on: Blueprint = api,
) -> Callable[[View], View]:
    """Registers a view, which returns the JSON of its response; None for a response without content.

    The group or project and the role are checked first, then the parameters, as by GitLab's `before` blocks.

    Args:
        rule: the method and the path. For `<path:group>` and `<path:project>`, the view gets the object.
        parameters: the parameters. A view with the argument `asked` gets their values by name.
        role: the required role in that group or project.
        administrator: whether the user must be an administrator.
        status: the HTTP status of a response with content.
        paged: whether the view returns a whole list, of which the response is one page.
        on: the part of the API.
    """
    method, path = rule.split()

    def register(view: View) -> View:
        takes_asked = "asked" in signature(view).parameters

        def respond(**places: Any) -> ResponseReturnValue:
            if administrator:
                require_administrator()
            for kind in _PLACES.keys() & places:
                places[kind] = _PLACES[kind](places[kind])
                require_role(places[kind], role)
            asked = read_parameters((*parameters, *(_PAGINATION if paged else ())))
            answer = view(**places, **({"asked": asked} if takes_asked else {}))
            if answer is None:
                return "", 204
            if paged:
                return _page_of(answer, asked)
            return answer if isinstance(answer, Response) else (jsonify(answer), status)

        on.add_url_rule(path, endpoint=rule, view_func=respond, methods=[method])
        return view

    return register


def _page_of(items: Sequence[Any], parameters: dict[str, Any]) -> Response:
    """The page of a list that `page` and `per_page` name, with GitLab's headers of offset pagination."""
    size = min(max(parameters.get("per_page", _DEFAULT_SIZE), 1), _MAXIMUM_SIZE)
    page = max(parameters.get("page", 1), 1)
    pages = max(-(-len(items) // size), 1)
    response = jsonify(items[(page - 1) * size : page * size])
    response.headers.update(
        {
            "x-page": str(page),
            "x-per-page": str(size),
            "x-total": str(len(items)),
            "x-total-pages": str(pages),
            "x-next-page": str(page + 1) if page < pages else "",
            "x-prev-page": str(page - 1) if page > 1 else "",
        }
    )
    return response
