"""`./dev faults`: the leftovers of a fault or a crash during an update.

A scenario is one mutating call of an `up` and one way in which it fails. The engine's providers connect to
the services through a proxy, which fails that call. Then the stack is brought up again as a user would do it,
`runner-doctor leftovers` runs, and the stack is destroyed. Resources that exist then are leftovers.

- `calls`: the service, action and resource of a request, and whether it mutates.
- `proxy`: the proxy between providers and services, which fails a call.
- `scenario`: one call and one way to fail, from an empty account to an empty account.
- `matrix`: all scenarios, or a sample, and the table of their outcomes.
"""

import argparse

from sandbox.engine import lookup
from sandbox.environment import Sandbox
from sandbox.errors import SandboxError
from sandbox.paths import engine_directory, sandbox_directory
from sandbox.progress import Progress
from tests.faults import matrix
from tests.faults.proxy import Way


def run(arguments: argparse.Namespace, progress: Progress) -> int:
    """Fail calls of an `up`, and report the outcomes; return 1 for a stuck stack or an unseen leftover."""
    try:
        ways = [Way(each) for each in arguments.ways.split(",")] if arguments.ways else list(Way)
    except ValueError as error:
        raise SandboxError(f"--ways: {error}; there are {', '.join(Way)}") from None
    directory = sandbox_directory() / "faults"
    sandbox = Sandbox(directory, lookup.obtain(engine_directory(), progress))
    choice = matrix.Choice(arguments.stack, arguments.seed, arguments.sample, ways, arguments.calls)
    sandbox.start()
    try:
        results = matrix.run(sandbox, directory / "project", choice)
    finally:
        sandbox.stop()
    print(matrix.report(results))
    print(f"again: ./dev faults {choice.stack} --seed {choice.seed} --sample {len(results)}")
    return 0 if matrix.is_good(results) else 1
