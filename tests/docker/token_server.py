"""Issues tokens of a registry as GitLab and Docker Hub do, or refuses them, by the repository's name.

usage: python token_server.py ADDRESS PORT CERTIFICATE KEY
"""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

REFUSALS = {
    "team/forbidden": (403, "DENIED", "access forbidden"),
    "team/throttled": (429, "TOOMANYREQUESTS", "You have reached your pull rate limit."),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        scope = parse_qs(address.query).get("scope", ["repository::"])[0]
        status, code, message = REFUSALS.get(scope.split(":")[1], (200, "", ""))
        body: dict[str, object] = {"token": "any"}
        if address.path != "/token":
            status, body = 404, {}
        elif status != 200:
            body = {"errors": [{"code": code, "message": message}]}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


if __name__ == "__main__":
    host, port, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer((host, int(port)), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()
