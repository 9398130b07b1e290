"""The server of all AWS APIs on one port."""

import logging
import os
import threading
from functools import cache
from types import TracebackType
from typing import Self

from sandbox.services.aws import (
    ACCOUNT,
    authorization,
    autoscaling,
    ec2,
    ecr,
    ecr_public,
    functions,
    iam,
    iam_quotas,
    idempotency,
    image_builder,
    logs,
    rpc_cbor,
    s3,
    secretsmanager,
    systems_manager,
    tagging,
)


class AwsServer:
    """AWS on ``127.0.0.1:port``, in memory; port 0 chooses a free port.

    `serve` blocks; as a context manager, for tests, it serves in a thread.
    """

    _served = 0
    """The number of servers in threads of this process."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
        # Every account has AWS's managed policies, which moto does not load by default.
        os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
        _read_each_model_once()
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        # The providers' logs contain each request already.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        authorization.patch()
        autoscaling.patch()
        ec2.patch()
        ecr.patch()
        functions.patch()
        iam.patch()
        iam_quotas.patch()
        logs.patch()
        s3.patch()
        secretsmanager.patch()
        systems_manager.patch()
        tagging.patch()
        self._server = make_server(
            address,
            port,
            idempotency.remembering(
                rpc_cbor.answering(
                    ecr_public.answering(
                        image_builder.answering(DomainDispatcherApplication(create_backend_app))
                    )
                )
            ),
            threaded=True,
            request_handler=MotoRequestHandler,
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
            from moto.moto_api._internal.models import moto_api_backend

            moto_api_backend.reset()
        AwsServer._served += 1
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        AwsServer._served -= 1
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@cache
def _read_each_model_once() -> None:
    """Share the models of AWS's APIs between moto's sessions, each of which would load EC2's again.

    That saves a third of the start time.
    """
    from botocore.loaders import JSONFileLoader

    loaded = cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _, path: loaded(path)
