"""`python -m bench [NAME…]`: run the measurements, print them as a table and save them in `results.json`."""

import argparse
import json
import sys
from pathlib import Path

from pulumi_gitlab_runner.terminal import TerminalTable
from rich.console import Console

from bench.boot_with_image import BOOT_WITH_IMAGE_RATIO
from bench.config_keys import CONFIG_KEYS_COVERED, CONFIG_KEYS_TOTAL
from bench.credentials import (
    CREDENTIALS_COLD_100,
    CREDENTIALS_HANGING_STORE,
    CREDENTIALS_PER_PULL_1,
    CREDENTIALS_PER_PULL_20,
    CREDENTIALS_PER_PULL_100,
)
from bench.declaration_reads import DECLARATION_READS
from bench.doctor_100_images import (
    DOCTOR_100_IMAGES_20MS_RATIO,
    DOCTOR_100_IMAGES_RATIO,
    DOCTOR_PARALLEL_CRANE_RATIO,
    DOCTOR_PARALLEL_RATIO,
)
from bench.doctor_hostile import DOCTOR_PEAK_MB_HOSTILE
from bench.fuzz_cases import FUZZ_CASES
from bench.import_ratio import IMPORT_RATIO_ECR, IMPORT_RATIO_STACK
from bench.limits_checked import LIMITS_CHECKED
from bench.measure import Measure
from bench.mirror_images import MIRROR_20_RATIO, MIRROR_UNCHANGED
from bench.mutants_killed import MUTANTS_KILLED
from bench.policy_characters import POLICY_CHARACTERS
from bench.preview_ratio import (
    PREVIEW_RATIO_1,
    PREVIEW_RATIO_10,
    PREVIEW_RATIO_50,
    PREVIEW_RATIO_SAME_GRAPH_1,
    PREVIEW_RATIO_SAME_GRAPH_10,
    PREVIEW_RATIO_SAME_GRAPH_50,
)
from bench.review_note import REVIEW_UNKNOWN_LINES_NEW_RUNNER, REVIEW_VISIBLE_LINES_13_RUNNERS
from bench.sandbox_lines import SANDBOX_LINES
from bench.tests_without_engine import TEST_SECONDS_WITHOUT_ENGINE
from bench.up_warm import UP_WARM
from bench.user_data_bytes import USER_DATA_BYTES_1, USER_DATA_BYTES_200
from bench.wildcard_statements import WILDCARD_STATEMENTS_WITHOUT_NEED
from sandbox.errors import SandboxError

MEASURES: tuple[Measure, ...] = (
    UP_WARM,
    CREDENTIALS_PER_PULL_1,
    CREDENTIALS_PER_PULL_20,
    CREDENTIALS_PER_PULL_100,
    CREDENTIALS_COLD_100,
    CREDENTIALS_HANGING_STORE,
    DOCTOR_100_IMAGES_RATIO,
    DOCTOR_100_IMAGES_20MS_RATIO,
    DOCTOR_PARALLEL_RATIO,
    DOCTOR_PARALLEL_CRANE_RATIO,
    DOCTOR_PEAK_MB_HOSTILE,
    MIRROR_20_RATIO,
    MIRROR_UNCHANGED,
    CONFIG_KEYS_COVERED,
    CONFIG_KEYS_TOTAL,
    WILDCARD_STATEMENTS_WITHOUT_NEED,
    LIMITS_CHECKED,
    POLICY_CHARACTERS,
    USER_DATA_BYTES_1,
    USER_DATA_BYTES_200,
    BOOT_WITH_IMAGE_RATIO,
    PREVIEW_RATIO_1,
    PREVIEW_RATIO_10,
    PREVIEW_RATIO_50,
    PREVIEW_RATIO_SAME_GRAPH_1,
    PREVIEW_RATIO_SAME_GRAPH_10,
    PREVIEW_RATIO_SAME_GRAPH_50,
    DECLARATION_READS,
    IMPORT_RATIO_ECR,
    IMPORT_RATIO_STACK,
    FUZZ_CASES,
    REVIEW_UNKNOWN_LINES_NEW_RUNNER,
    REVIEW_VISIBLE_LINES_13_RUNNERS,
    SANDBOX_LINES,
    MUTANTS_KILLED,
    TEST_SECONDS_WITHOUT_ENGINE,
)
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Run the measurements of the command line, by default all; return the exit code."""
    known = {measure.name: measure for measure in MEASURES}
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"default: all of {', '.join(known)}")
    names = parser.parse_args().names or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(known)}")

    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = False
    table = TerminalTable("Measure", "Value", "Unit", "Description")
    for name in names:
        print(f"{name}: measuring", file=sys.stderr)
        try:
            value = round(known[name].take(), 3)
        except SandboxError as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            failed = True
            continue
        results[name] = {"value": value, "unit": known[name].unit}
        RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
        table.add(name, f"{value:g}", known[name].unit, known[name].description)
    Console(highlight=False).print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
