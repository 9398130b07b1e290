"""`python -m bench.mutation`: the program of `./dev mutate`."""

import argparse
import datetime
import sys
import time
from pathlib import Path

from bench.mutation.areas import LIBRARY
from bench.mutation.last import keep
from bench.mutation.mutants import Mutant, sample
from bench.mutation.run import Copy
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT, sandbox_directory

GOAL_PERCENT = 90.0

DESCRIPTION = """\
Run mutation tests: change the source in small ways, one at a time, in a copy of the checkout, and run the
tests that reach the change. Each surviving mutant is shown as a diff: a test lacks an assertion, or the
change makes no difference. Exit status: 1 if fewer than 90 % of the mutants are killed.
"""


def main() -> int:
    """Test a sample of mutants, and print the surviving ones; return the exit code."""
    parser = argparse.ArgumentParser(prog="./dev mutate", description=DESCRIPTION)
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files or folders (default: the library)")
    today = int(f"{datetime.date.today():%Y%m%d}")
    parser.add_argument(
        "--seed", type=int, default=today, help="the seed of the sample (default: today's date)"
    )
    parser.add_argument("--sample", type=int, default=40, help="the number of mutants (default: 40)")
    parser.add_argument(
        "--minutes", type=float, default=30, help="the time after which no test starts (default: 30)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="record the result of PATHs too, as for the whole library"
    )
    arguments = parser.parse_args()

    sources = _sources(arguments.paths or [LIBRARY])
    chosen = sample(sources.items(), arguments.sample, arguments.seed)
    if not chosen:
        parser.error("nothing in these files can be changed")
    tried, alive = _try(chosen, sources, time.monotonic() + 60 * arguments.minutes)

    for mutant in alive:
        print(f"\n{mutant.diff(sources[mutant.path])}")
    killed = tried - len(alive)
    percent = round(100 * killed / tried, 1)
    again = " ".join([*arguments.paths, f"--seed {arguments.seed} --sample {arguments.sample}"])
    print(f"\nmutants_killed_percent: {percent} ({killed} of {tried})\nagain: ./dev mutate {again}")
    if arguments.keep or not arguments.paths:
        keep(killed, tried, arguments.seed, arguments.paths or [LIBRARY])
    return int(percent < GOAL_PERCENT)


def _sources(paths: list[str]) -> dict[str, bytes]:
    """Return the Python files below some paths, by their path relative to the checkout."""
    files: list[Path] = []
    for each in paths:
        path = (CHECKOUT / each).resolve()
        if not path.is_relative_to(CHECKOUT) or not path.exists():
            raise SandboxError(f"no such file or folder in the checkout: {each}")
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return {str(file.relative_to(CHECKOUT)): file.read_bytes() for file in files}


def _try(chosen: list[Mutant], sources: dict[str, bytes], until: float) -> tuple[int, list[Mutant]]:
    """Test mutants; return the number of tested ones, and the surviving ones."""
    copy = Copy(sandbox_directory() / "mutation")
    alive: list[Mutant] = []
    for number, mutant in enumerate(chosen):
        if number and time.monotonic() > until:
            return number, alive
        killed = copy.kills(mutant)
        if not killed:
            alive.append(mutant)
        place = f"{mutant.path}:{mutant.line(sources[mutant.path])}"
        state = "killed" if killed else "ALIVE "
        print(f"[{number + 1}/{len(chosen)}] {state} {place} {mutant.kind}", file=sys.stderr, flush=True)
    return len(chosen), alive


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SandboxError as error:
        sys.exit(f"error: {error}")
