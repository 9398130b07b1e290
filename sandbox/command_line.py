"""The command line of `./dev`."""

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path

SANDBOX_STACK, DOCKER_STACK = "sandbox", "docker"

DESCRIPTION = """\
Set up the project (Python packages and the Pulumi engine) where needed, then run a
command.

The stack `sandbox` exists only on this machine: AWS and GitLab are servers on
loopback, and all state is in .sandbox/. The stack `docker` adds a Docker Engine and
registries, and requires root. Any other stack, such as dev or prod, uses your
accounts, Pulumi backend and credentials; Pulumi asks for confirmation before it
changes anything.
"""

EPILOGUE = """\
environment variables:
  SANDBOX_DIR            the directory for all state (default: .sandbox in the checkout)
  SANDBOX_ENGINE_DIR     the directory of the engine (default: SANDBOX_DIR/engine)
  SANDBOX_ENGINE_MIRROR  the URL of a mirror of https://get.pulumi.com/releases/sdk
  SANDBOX_PROVIDERS      the default of --providers: see ./dev up --help
  SANDBOX_PLUGINS        the default of --plugins: see ./dev up --help
  PYTHON                 the Python interpreter for the setup (3.11 or newer)

Run `./dev COMMAND --help` for the options of a command.
"""


PASSED_ON_AFTER = {"doctor": 1, "test": 1, "conformance": 1, "mutate": 1, "pulumi": 2}
"""The number of words to parse, by command; the others are passed to the program that it runs."""


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line: `command`, its arguments, and `passed_on`.

    `help [COMMAND]` is `[COMMAND] --help`. Prints the help or an error, and exits, as `argparse` does.
    """
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
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
        ("up", "deploy a stack and list its resources"),
        ("preview", "show what `up` changes, without deploying"),
        ("down", "destroy the resources of a stack; the sandbox's services keep running"),
    ):
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        command.add_argument(
            "stack",
            metavar="STACK",
            nargs="?",
            default=SANDBOX_STACK,
            help="the stack's name (default: sandbox)",
        )
        command.add_argument(
            "--providers",
            metavar="WHICH",
            help="the provider plugins of the sandbox: stand-ins (default), official, or a comma-separated "
            "list of providers that use the official plugin, such as docker,docker-build",
        )
        command.add_argument(
            "--plugins", metavar="DIR", type=Path, help="the directory to search first for official plugins"
        )

    commands.add_parser(
        "stop",
        help="stop the sandbox's services",
        description="Stop the sandbox's services. Their resources are lost; `./dev up` restores them.",
    )

    command = commands.add_parser(
        "pulumi",
        usage="./dev pulumi STACK ARGS…",
        help="run any Pulumi command on a stack",
        description="Run any Pulumi command on a stack, for example: ./dev pulumi sandbox stack export",
    )
    command.add_argument("stack", metavar="STACK", help="the stack's name, such as sandbox")

    commands.add_parser(
        "doctor",
        usage="./dev doctor ARGS…",
        help="run runner-doctor in the sandbox",
        description="Run runner-doctor with the credentials of the stack sandbox, for example: "
        "./dev doctor leftovers --stack sandbox",
    )

    commands.add_parser(
        "test",
        usage="./dev test [PATH…]",
        help="run the tests",
        description="Run all tests, or the tests in each PATH, in parallel. Options are passed to pytest.",
    )

    commands.add_parser(
        "conformance",
        usage="./dev conformance [PROVIDER…] [--plugins DIR] [--build] [--case PART]",
        help="compare the stand-ins with the official provider plugins",
        description="Create, update and delete the resources of test cases with each stand-in and with the "
        "official plugin, if available, and print the differences. Exit status: 0 no differences, "
        "1 differences.",
    )

    commands.add_parser(
        "mutate",
        usage="./dev mutate [PATH…] [--seed SEED] [--sample COUNT] [--minutes MINUTES]",
        help="measure which small changes to the source the tests detect",
        description="Run mutation tests: change the source in small ways, one at a time, in a copy of the "
        "checkout, and run the tests of the changed module. Mutates a sample of the library, or of PATHs. "
        "Exit status: 1 if the tests detect fewer than 90 % of the changes.",
    )

    commands.add_parser(
        "lint",
        help="check the format and types of the source",
        description="Check the format and types of the source with ruff and mypy.",
    )

    commands.add_parser(
        "docs",
        help="build the documentation site",
        description="Build the documentation site in .sandbox/docs/site, and check its links.",
    )

    command = commands.add_parser(
        "render",
        help="write the files of a runner host to a directory",
        description="Write the files of a runner host to DIR, with their modes and owners in manifest.json.",
    )
    command.add_argument("stack", metavar="STACK", help="the stack's name, such as sandbox")
    command.add_argument("runner", metavar="RUNNER", help="the runner's name in the declaration")
    command.add_argument(
        "directory", metavar="DIR", type=Path, help="the target directory; created if it does not exist"
    )

    commands.add_parser(
        "e2e",
        help="run one job through a real gitlab-runner",
        description="Run one job with the gitlab-runner on the PATH: a private ECR image, two public "
        "services and a job network, on a host rendered from the stack sandbox. Requires root and the "
        "prerequisites of the Docker tests. Exit status: 0 success, 1 failure, 3 a prerequisite is missing.",
    )

    command = commands.add_parser(
        "faults",
        help="make API calls of `up` fail, and check that the next `up` recovers",
        description="Make each API call of `up` that changes something fail in several ways, in a separate "
        "sandbox. Check that the next `up` recovers and that `runner-doctor leftovers` lists what remains. "
        "Exit status: 1 if a stack does not recover, or a leftover is not listed.",
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
    command.add_argument(
        "--seed", type=int, default=today, help="the seed of the sample (default: today's date)"
    )
    command.add_argument("--sample", type=int, default=0, help="the number of scenarios (default: all)")
    command.add_argument("--ways", default="", help="a comma-separated list of ways to fail (default: all)")
    command.add_argument("--calls", default="", help="only calls with this text in their names")

    command = commands.add_parser(
        "bench", help="run the benchmarks", description="Run all benchmarks, or each NAME."
    )
    command.add_argument("names", metavar="NAME", nargs="*", help="the benchmarks to run (default: all)")
    return top
