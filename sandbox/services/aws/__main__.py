"""``python -m sandbox.services.aws --port PORT``: serve until the process is stopped."""

import argparse
import signal
import sys

from sandbox.services.aws.server import AwsServer


def main() -> None:
    """Serve on the given port."""
    parser = argparse.ArgumentParser(prog="sandbox.services.aws", description="AWS on loopback, in memory.")
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1; 0 chooses a free one")
    parser.add_argument("--address", default="127.0.0.1", help="the address to listen on")
    arguments = parser.parse_args()
    server = AwsServer(arguments.port, arguments.address)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
