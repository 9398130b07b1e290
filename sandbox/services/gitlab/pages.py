"""GitLab's offset pagination."""

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify

from sandbox.services.gitlab.parameters import Parameter, integer

DEFAULT_SIZE = 20
MAXIMUM_SIZE = 100
PAGINATION = (Parameter("page", integer), Parameter("per_page", integer))


def page_of(items: Sequence[Any], parameters: dict[str, Any]) -> Response:
    """The page of a list for the parameters `page` and `per_page`, with GitLab's `x-…` headers.

    Args:
        items: the whole list of JSON values.
        parameters: the request's parameters; page defaults to 1, per_page to 20 with a maximum of 100.
    """
    size = min(max(parameters.get("per_page", DEFAULT_SIZE), 1), MAXIMUM_SIZE)
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
