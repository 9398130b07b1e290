"""The server of all AWS APIs on one port."""

import logging
import threading
from typing import Self

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

# Each of these patches moto.
from sandbox.services.aws import (  # noqa: F401
    ecr,
    ecr_public,
    functions,
    iam,
    image_builder,
    logs,
    lookups,
    rpc_cbor,
    s3,
    secretsmanager,
    systems_manager,
    tagging,
)
from sandbox.services.aws.autoscaling import groups, instance_refresh, life, lifecycle_hooks  # noqa: F401
from sandbox.services.aws.ec2 import images, launch_templates, network, security_groups  # noqa: F401
from sandbox.services.aws.idempotency import Idempotency
from sandbox.services.aws.layers import Application, layered


class AwsServer:
    """AWS on ``127.0.0.1:port``, in memory; port 0 chooses a free port.

    `serve` blocks; as a context manager, for tests, it serves in a thread.
    """

    _served = 0
    """The number of servers in threads of this process."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        # The providers' logs contain each request already.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        application: Application = DomainDispatcherApplication(create_backend_app)
        for layer in (image_builder.answer, ecr_public.answer, rpc_cbor.answer, Idempotency().answer):
            application = layered(layer, application)
        self._server = make_server(
            address, port, application, threaded=True, request_handler=MotoRequestHandler
        )
        self._thread = threading.Thread(target=self.serve, daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL for ``AWS_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def serve(self) -> None:
        """Serve until the process or the context ends."""
        self._server.serve_forever(poll_interval=0.05)

    def __enter__(self) -> Self:
        # moto's state is global in the process: reset that of an earlier server.
        if not AwsServer._served:
            moto_api_backend.reset()
        AwsServer._served += 1
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        AwsServer._served -= 1
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
