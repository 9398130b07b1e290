"""Layers of the web application: each answers some requests itself, and leaves the others to moto."""

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""
Layer = Callable[[Request, Application], Application]
"""Returns the response to a request, or the application below, which is its second argument."""


def layered(layer: Layer, below: Application) -> Application:
    """A layer above an application."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return layer(Request(environ), below)(environ, start_response)

    return application


def answer_of(application: Application, environ: dict[str, Any]) -> Response:
    """The complete response of an application."""
    return Response.from_app(application, environ, buffered=True)


def scope_of(request: Request) -> tuple[str, str]:
    """The region and the service of a request's signature; empty without one."""
    # AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…
    parts = request.headers.get("Authorization", "").partition(",")[0].split("/")
    return (parts[2], parts[3]) if len(parts) > 3 else ("", "")
