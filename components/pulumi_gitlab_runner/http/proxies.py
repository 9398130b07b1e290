"""The proxy of a request, from the environment variables that curl, Go and Python have in common."""

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pulumi_gitlab_runner.http.errors import UnreachableError


@dataclass(frozen=True)
class Proxy:
    """A proxy, connected to without TLS.

    Attributes:
        host: the host of the proxy.
        port: the port of the proxy.
        headers: additional headers for the proxy, with the user and password of its URL.
    """

    host: str
    port: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def proxy_for(scheme: str, host: str) -> Proxy | None:
    """The proxy of ``http_proxy``, ``https_proxy`` or ``all_proxy``, unless ``no_proxy`` names the host.

    Raises:
        UnreachableError: the value of the variable is not an ``http://`` URL.
    """
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or proxy_bypass(host):
        return None
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
    if not name or parts.scheme != "http":
        raise UnreachableError(f"cannot be reached: the proxy of {scheme}_proxy is not an http:// address")
    headers = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(name, port or 80, headers)
