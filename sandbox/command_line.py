"""The command line of `./dev`."""

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path

SANDBOX_STACK, DOCKER_STACK = "sandbox", "docker"

DESCRIPTION = """\
Runs this project: sets up what is missing (Python packages, the Pulumi engine),
then does what is asked.

The stack `sandbox` exists on this machine only: AWS and GitLab are servers on
loopback, and all state is in .sandbox/. The stack `docker` also has a Docker Engine
and registries, for which it needs root. Any other stack, such as dev and prod, runs
against your own accounts, with your own Pulumi backend and credentials, and Pulumi
asks before it changes anything.
"""

EPILOGUE = """\
environment variables:
  SANDBOX_DIR            the directory of all state (default: .sandbox at the top of the checkout)
  SANDBOX_ENGINE_DIR     the directory of the engine (default: engine below SANDBOX_DIR)
  SANDBOX_ENGINE_MIRROR  a URL with the files of https://get.pulumi.com/releases/sdk
  SANDBOX_PROVIDERS      the provider plugins of the sandbox: see ./dev up --help
  SANDBOX_PLUGINS        the directory that is searched first for official provider plugins
  PYTHON                 the Python for the set-up (3.11 or newer)
"""


PASSED_ON_AFTER = {"doctor": 1, "test": 1, "conformance": 1, "mutate": 1, "pulumi": 2}
"""The number of words to parse, by command; the others are passed to the program that it runs."""


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line: `command`, its arguments, and `passed_on`.

    Prints the help or an error, and exits, as `argparse` does.
    """
    ours = PASSED_ON_AFTER.get(words[0], len(words)) if words else 0
    if words[ours : ours + 1] in (["-h"], ["--help"]):
        ours += 1
    arguments = _parser().parse_args(words[:ours])
    arguments.passed_on = list(words[ours:])
    return arguments


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="./dev",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for name, what in (
        ("up", "deploy a stack, and show what exists"),
        ("preview", "show what `up` would change"),
        ("down", "remove what a stack created; the services of the sandbox keep running"),
    ):
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        command.add_argument(
            "stack", metavar="STACK", nargs="?", default=SANDBOX_STACK, help="default: sandbox"
        )
        command.add_argument(
            "--providers",
            metavar="WHICH",
            help="in a sandbox: stand-ins (the default), official, or the providers whose official plugin is "
            "used, with commas, such as docker,docker-build",
        )
        command.add_argument(
            "--plugins", metavar="DIR", type=Path, help="where official plugins are looked for first"
        )

    commands.add_parser(
        "stop",
        help="stop the services of the sandbox",
        description="Stop the services of the sandbox. Their resources are lost; `./dev up` restores them.",
    )

    command = commands.add_parser(
        "pulumi",
        usage="./dev pulumi STACK ARGS…",
        help="run any Pulumi command on a stack",
        description="Run any Pulumi command on a stack, such as: ./dev pulumi sandbox stack export",
    )
    command.add_argument("stack", metavar="STACK", help="the stack, such as sandbox")

    commands.add_parser(
        "doctor",
        usage="./dev doctor ARGS…",
        help="run runner-doctor in the sandbox",
        description="Run runner-doctor with the credentials of the stack sandbox, such as: "
        "./dev doctor leftovers --stack sandbox",
    )

    commands.add_parser(
        "test",
        usage="./dev test [PATH…]",
        help="run the tests",
        description="Run all tests, in several processes, or those in each PATH; options go to pytest.",
    )

    commands.add_parser(
        "conformance",
        usage="./dev conformance [PROVIDER…] [--plugins DIR] [--build] [--case PART]",
        help="compare the stand-ins with the official provider plugins",
        description="Create, update and delete the resources of test cases with each stand-in and with the "
        "official plugin, if available, and print the differences. Exit status: 1 if there are any.",
    )

    commands.add_parser(
        "mutate",
        usage="./dev mutate [PATH…] [--seed SEED] [--sample COUNT] [--minutes MINUTES]",
        help="change the source in small ways, and see whether the tests notice",
        description="Change the source in small ways, one at a time, in a copy of the checkout, and see "
        "whether the tests of the file's area fail: a sample of the library, or of the PATHs. "
        "Exit status: 1 when fewer than 90 %% of the changes are noticed.",
    )

    commands.add_parser(
        "lint",
        help="check form and types of the source",
        description="Check form and types of the source with ruff and mypy.",
    )

    commands.add_parser(
        "docs",
        help="build the documentation's site",
        description="Build the documentation's site below .sandbox/docs/site, and check its links.",
    )

    command = commands.add_parser(
        "render",
        help="write the files of a runner's host",
        description="Write the files of a runner's host as a tree below DIR, and manifest.json.",
    )
    command.add_argument("stack", metavar="STACK", help="the stack, such as sandbox")
    command.add_argument("runner", metavar="RUNNER", help="the runner's name in the declaration")
    command.add_argument("directory", metavar="DIR", type=Path, help="created if it does not exist")

    commands.add_parser(
        "e2e",
        help="run one job through a real gitlab-runner",
        description="Run one job through the gitlab-runner on the PATH: a private image of ECR, two public "
        "services and a network of its own, on a host rendered from the stack sandbox. Needs root and what "
        "the Docker tests need. Exit status: 0 success, 1 failure, 3 it cannot run here.",
    )

    command = commands.add_parser(
        "faults",
        help="fail each changing call of an `up`, and see whether the next one recovers",
        description="Fail each changing call of an `up` in each way, in a sandbox of its own, and see "
        "whether the next `up` recovers and `runner-doctor leftovers` names what is left over. Exit status: "
        "1 when a stack is stuck, or something is left over unseen.",
    )
    command.add_argument(
        "stack",
        metavar="STACK",
        nargs="?",
        default=SANDBOX_STACK,
        choices=(SANDBOX_STACK, "everything"),
        help="sandbox (the default) or everything, which declares every component and option",
    )
    today = int(f"{datetime.date.today():%Y%m%d}")
    command.add_argument("--seed", type=int, default=today, help="of the sample (default: the day's date)")
    command.add_argument("--sample", type=int, default=0, help="how many scenarios (default: all)")
    command.add_argument("--ways", default="", help="the ways to fail, with commas (default: all)")
    command.add_argument("--calls", default="", help="a part of the names of the calls to fail")

    command = commands.add_parser(
        "bench", help="run the measurements", description="Run all measurements, or those named."
    )
    command.add_argument("names", metavar="NAME", nargs="*", help="default: all")
    return top
