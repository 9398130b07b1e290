"""``python -m sandbox.services.aws.function_process HANDLER``: one run of a Lambda function of Python.

Standard input contains ``event`` and ``timeout`` (seconds) as JSON. The last line of standard output is the
result of the function or, with exit code 1, its error, in the format of Lambda's response.
"""

import importlib
import json
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Context:
    """The context that Lambda passes to a function."""

    timeout: float
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """The remaining time of the run."""
        return int((self.timeout - (time.monotonic() - self.started)) * 1000)


def main() -> int:
    """Run the handler that the command line names; return the exit code."""
    asked = json.loads(sys.stdin.read())
    module, _, name = sys.argv[1].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
        answer: Any = handler(asked["event"], Context(asked["timeout"]))
        code = 0
    except Exception as error:
        trace = traceback.format_tb(error.__traceback__)
        answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": trace}
        code = 1
    print(json.dumps(answer))
    return code


if __name__ == "__main__":
    sys.exit(main())
