"""`python -m sandbox`: the program of `./dev`."""

import contextlib
import errno
import signal
import sys
from threading import Thread

from sandbox import virtual_environment
from sandbox.command_line import parse
from sandbox.engine import lookup
from sandbox.errors import SandboxError
from sandbox.paths import ANOTHER_PLACE, engine_directory, make_writable, sandbox_directory
from sandbox.progress import Progress

WITHOUT_ENGINE = ("docs", "lint", "stop")
"""The commands that do not need an engine."""
CANNOT_WRITE = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS}
"""The error numbers of a file system that cannot be written to."""


def main() -> int:
    """Set up missing prerequisites, then run the command; return its exit code."""
    arguments = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    progress = Progress()
    try:
        make_writable(sandbox_directory())
        is_ready = virtual_environment.is_ready()
        if not is_ready:
            virtual_environment.check_room()
            # Both take minutes on a new machine, so they run in parallel.
            engine = Thread(target=_obtain_engine, args=(progress,), daemon=True)
            if arguments.command not in WITHOUT_ENGINE:
                engine.start()
            virtual_environment.make(progress)
            if engine.ident:
                engine.join()
        virtual_environment.enter(began_before=not is_ready)

        from sandbox import commands

        return commands.run(arguments, progress)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        print(f"error: {error.filename or 'a file'}: {error.strerror}; {ANOTHER_PLACE}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _obtain_engine(progress: Progress) -> None:
    """Get an engine in advance; on failure, the command itself reports it."""
    with contextlib.suppress(SandboxError, OSError):
        lookup.obtain(engine_directory(), progress)


if __name__ == "__main__":
    sys.exit(main())
