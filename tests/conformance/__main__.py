"""`python -m tests.conformance`: what `./dev conformance` runs.

Each case of a provider is taken through the life cycle of a resource with the stand-in, and then with the
official plugin if it is available, over the same services of the sandbox; the differences are printed.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Progress
from sandbox.provider_plugins import official_plugin, parse_choice, where_to_put
from tests.conformance.aws_plugin.build import build
from tests.conformance.plugin import Plugin
from tests.conformance.providers import PROVIDERS, Provider
from tests.conformance.script import Seen, differences, run


def main() -> int:
    """Compare the providers that are named; return 1 where one differs."""
    parser = argparse.ArgumentParser(prog="./dev conformance", description=__doc__)
    parser.add_argument("providers", metavar="PROVIDER", nargs="*", help=", ".join(PROVIDERS))
    parser.add_argument(
        "--plugins", metavar="DIR", type=Path, help="the directory to search first for official plugins"
    )
    parser.add_argument(
        "--build",
        action="store_true",
        help="build the AWS provider's plugin into that directory first",
    )
    parser.add_argument("--case", metavar="PART", default="", help="only cases with this text in their names")
    arguments = parser.parse_args()
    if unknown := set(arguments.providers).difference(PROVIDERS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(PROVIDERS)}")
    if arguments.build:
        if arguments.plugins is None:
            parser.error("--build: name the directory with --plugins DIR")
        try:
            build(arguments.plugins.absolute(), Progress())
        except SandboxError as error:
            parser.exit(1, f"{error}\n")
    choice = parse_choice("official", arguments.plugins)
    different = False
    for name in arguments.providers or PROVIDERS:
        try:
            different |= _compare(name, official_plugin(name, choice), arguments.case)
        except SandboxError as unavailable:
            print(f"{name}: not compared: {unavailable}")
    return int(different)


def _compare(name: str, official: Path | None, part: str) -> bool:
    """Compare a provider, and print the differences; return whether there are any that are not accepted."""
    provider = PROVIDERS[name]
    started = time.monotonic()
    seen, tokens = _seen(name, provider, [sys.executable, "-P", "-m", "sandbox.providers", name], part)
    if official is None:
        steps = sum(len(each.steps) for each in seen.values())
        print(f"{name}: {len(seen)} cases, {steps} steps on the stand-in alone: {where_to_put(name)}")
        return False
    theirs, _ = _seen(name, provider, [str(official)], part)
    accepted = found = 0
    for case, ours in seen.items():
        for line in differences(ours, theirs[case], provider.served(tokens[case])):
            reason = next((why for each, why in provider.accepted.items() if each in f"{case}: {line}"), "")
            accepted += bool(reason)
            found += not reason
            print(f"{name}: {case}: {line}{f' (meant to: {reason})' if reason else ''}")
    steps = sum(len(each.steps) for each in theirs.values())
    print(
        f"{name}: {len(seen)} cases, {steps} steps on the stand-in and on {official}: {found} differences, "
        f"{accepted} more that are meant to be ({time.monotonic() - started:.0f} s)"
    )
    return bool(found)


def _seen(
    name: str, provider: Provider, command: Sequence[str], part: str
) -> tuple[Mapping[str, Seen], Mapping[str, str]]:
    """Return what a plugin shows in each case, and the type of each case."""
    seen, tokens = {}, {}
    with (
        tempfile.TemporaryDirectory(prefix="conformance-") as directory,
        _files() as files,
        provider.environment(Path(directory)) as environment,
        Plugin(name, command, environment, provider.configuration) as plugin,
    ):
        for case in provider.cases(plugin, files):
            if part in case.name:
                seen[case.name], tokens[case.name] = run(plugin, case), case.token
    return seen, tokens


@contextlib.contextmanager
def _files() -> Iterator[Path]:
    """A directory for the files of cases, at one place for both plugins: it is part of what they show."""
    directory = Path(tempfile.gettempdir(), f"conformance-files-{os.getpid()}")
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
