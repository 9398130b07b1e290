"""A client of servers on loopback: loading certificates would take longer than most tests."""

import httpx

LOOPBACK = httpx.Client(
    verify=False,  # noqa: S501 (they have no TLS)
    trust_env=False,
    limits=httpx.Limits(max_keepalive_connections=0),
)
