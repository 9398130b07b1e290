"""The protocol's message classes without the SDK, so that a plugin starts quickly."""

import subprocess
import sys

from sandbox.paths import CHECKOUT

PROGRAM = """
import sys
from sandbox.standin.protocol import import_protocol_only, import_sdk
import_protocol_only()
import sandbox.standin.plugin
from sandbox.standin.provider import official_properties
print("pulumi.output" in sys.modules, "pulumi.runtime.proto.analyzer_pb2" in sys.modules)
print(sorted(official_properties("pulumi_docker_build", "Index")))
import pulumi, pulumi.runtime.proto
loaded_first = sandbox.standin.plugin.protocol.CheckRequest
print(pulumi.Output.__module__, pulumi.runtime.proto.CheckRequest is loaded_first)
"""


def test_a_plugin_starts_without_the_sdk_and_can_import_it_later() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    without, properties, whole = done.stdout.splitlines()
    assert without == "False False"
    assert properties == "['push', 'registry', 'sources', 'tag']"
    assert whole == "pulumi.output True"
