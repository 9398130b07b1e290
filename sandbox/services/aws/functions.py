"""Patches moto's Lambda, which runs functions only in Docker, and drops their logging configuration.

Here a Python function runs in a separate process, with the sandbox's Python and the sandbox's AWS, and with
the credentials of its execution role: docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from sandbox.services.aws.patching import around, method_of

_LONGER_THAN_ITS_TIMEOUT_S = 10
_SESSION_S = 3600


@around(LambdaFunction)
def __init__(  # noqa: N807 - the name of the patched method
    original: Callable[..., None],
    function: Any,
    account_id: str,
    spec: dict[str, Any],
    region: str,
    **named: Any,
) -> None:
    original(function, account_id, spec, region, **named)
    _keep(function, spec)


@around(LambdaFunction)
def update_configuration(original: Callable[..., Any], function: Any, changes: dict[str, Any]) -> Any:
    """Update the logging configuration too."""
    _keep(function, changes)
    return original(function, changes)


def _keep(function: Any, settings: Mapping[str, Any]) -> None:
    if "LoggingConfig" in settings:
        function.logging_config = settings["LoggingConfig"]
        function.logs_group_name = settings["LoggingConfig"].get("LogGroup", function.logs_group_name)


@around(LambdaFunction)
def get_configuration(original: Callable[..., dict[str, Any]], function: Any, **named: Any) -> dict[str, Any]:
    """The configuration of the function, with its logging configuration."""
    usual = {"LogFormat": "Text", "LogGroup": function.logs_group_name}
    kept = vars(function).get("logging_config", {})
    return {**original(function, **named), "LoggingConfig": usual | kept}


@method_of(LambdaFunction)
def invoke(function: Any, body: str | bytes, request_headers: Any, response_headers: Any) -> bytes:
    """Run the function, write its output to its log, and return its result or error."""
    event = body.decode() if isinstance(body, bytes) else body
    with tempfile.TemporaryDirectory() as directory:
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(directory)
        ran = subprocess.run(
            [sys.executable, "-m", "sandbox.services.aws.function_process", function.handler],
            input=json.dumps({"event": json.loads(event or "{}"), "timeout": function.timeout}),
            env=_environment(function, directory, request_headers["Host"]),
            capture_output=True,
            text=True,
            timeout=function.timeout + _LONGER_THAN_ITS_TIMEOUT_S,
            check=False,
        )
    *printed, answer = ran.stdout.splitlines() or [""]
    if function.logs_group_name not in function.logs_backend.groups:
        function.logs_backend.create_log_group(function.logs_group_name, {})
    function.save_logs("\n".join([*printed, *ran.stderr.splitlines()]))
    if ran.returncode != 0:
        response_headers["x-amz-function-error"] = "Unhandled"
    return answer.encode()


def _environment(function: Any, directory: str, host: str) -> dict[str, str]:
    """The environment of the function's process: its role's credentials, and the URL of the sandbox's AWS."""
    sts = sts_backends[function.account_id][get_partition(function.region)]
    session = sts.assume_role(
        function.region, function.function_name, function.role, policy="", duration=_SESSION_S, external_id=""
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_ENDPOINT_URL": f"http://{host}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join([directory, *filter(None, sys.path)]),
        **function.environment_vars,
    }
