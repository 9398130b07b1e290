"""The protocol's message classes without the SDK: what makes a plugin start quickly."""

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


def test_a_plugin_loads_the_sdk_only_to_word_a_refusal() -> None:
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
