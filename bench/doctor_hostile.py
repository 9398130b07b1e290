"""The doctor's memory use with hostile registries, above its memory use without a registry."""

import os
import re
import subprocess
import sys

from bench.measure import LONGEST_S, Measure
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from tests.registry import hostile_registry

_PROGRAM = """
import sys
from pulumi_gitlab_runner.doctor.command_line import main
code = main(sys.argv[1:])
with open("/proc/self/status") as status:
    sys.stderr.write(next(line for line in status if line.startswith("VmHWM:")))
sys.exit(code)
"""
_HEAVY = (
    "endless",
    "said-to-be-large",
    "endless-chunks",
    "gzip-bomb",
    "endless-headers",
    "one-endless-header",
    "always-continue",
    "nested-json",
    "many-values",
    "large-error",
)


def take() -> float:
    """The maximum memory use, in MiB.

    Raises:
        SandboxError: the doctor does not end as it should.
    """
    least = peak_mib("registry.invalid/app:1", "--offline")
    most = 0.0
    for place in hostile_registry.PLACES:
        for name in _HEAVY:
            with hostile_registry.serving(place, hostile_registry.ANSWERS[name]) as host:
                most = max(most, peak_mib(f"{host}/team/app:1"))
    return most - least


def peak_mib(*arguments: str) -> float:
    """The peak memory use of the doctor, in MiB.

    Args:
        arguments: the arguments of `runner-doctor image --hosted`.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", _PROGRAM, "image", "--hosted", *arguments],
        env=os.environ | {"PYTHONPATH": f"{CHECKOUT}/components"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    # On a loaded machine, the doctor also says that it waits.
    found = re.search(r"^VmHWM:\s+(\d+) kB$", done.stderr, re.MULTILINE)
    if done.returncode not in (0, 1) or not found:
        raise SandboxError(f"the doctor ended with {done.returncode}:\n{done.stderr}")
    return int(found[1]) / 1024


DOCTOR_PEAK_MB_HOSTILE = Measure(
    "doctor_peak_mb_hostile",
    "MiB",
    "memory of runner-doctor image over that of --offline, the most of registries that send without end",
    take,
)
