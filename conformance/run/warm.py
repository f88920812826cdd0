"""Judges one server after another, each in a fork of one process that has all imported already.

``python -m conformance.run.warm`` reads a line of JSON for each run from its standard input:
``words`` for pytest, the file that takes what is printed (``output``), and how many ``seconds`` it
may take. It answers with a line of JSON: ``code``, that of the exit or None for a run that took too
long, and ``cpu``, the seconds that the run and all that it waited for have spent. It ends with its
input.

A fork shares nothing with the next one but what was imported: no run happens in the parent, which
has no threads. Every run ends with the parent, however that ends, as in
``conformance.run.dependant``.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue import requirements
from conformance.channels.http.transport import trust
from conformance.run.dependant import END_SECONDS, LIFELINE

_PACKAGES = ("channels", "analysis", "forge")
_WHOLE = ("conformance.conftest", "hypothesis", "psycopg", "pydantic")
_UNUSED = ("-p", "no:cacheprovider")
"""No run looks at the one before it."""


def main() -> int:
    """Judge what standard input asks for; the exit code of a run in a fork of it, else 0."""
    warm_up()
    with Path(os.devnull).open("rb") as nothing:
        orders = os.dup(0)
        os.dup2(nothing.fileno(), 0)
    with open(orders, encoding="utf-8", buffering=1) as lines:  # noqa: PTH123 -- a descriptor
        while line := lines.readline():  # bounded: by the parent, whose end ends the input
            order = json.loads(line)
            run = Run.begun(order)
            if run is None:
                return _judge(order["words"])
            sys.stdout.write(json.dumps(run.result(lines.fileno())) + "\n")
            sys.stdout.flush()
    return 0


def warm_up() -> None:
    """Import and read what every run needs, and keep the collector from touching it in forks."""
    for name in _WHOLE:
        import_module(name)
    for package in _PACKAGES:
        found = import_module(f"conformance.{package}")
        for module in pkgutil.walk_packages(found.__path__, f"{found.__name__}."):
            import_module(module.name)
    requirements()
    trust(None)
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Run:
    """One run in a fork. ``line`` closes at our end to interrupt it, and at its end when it ends.

    ``deadline`` are the seconds that it may take from its beginning.
    """

    pid: int
    line: socket.socket
    seconds: float

    @classmethod
    def begun(cls, order: dict[str, Any]) -> Run | None:
        """Return the run that was begun, or None in the fork that is to make it."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            return cls(pid, ours, float(order["seconds"]))
        ours.close()
        os.setsid()
        # Not to be closed with the object: it tells of this process's end.
        os.environ[LIFELINE] = str(theirs.detach())
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        return None

    def result(self, orders: int) -> dict[str, Any]:
        """Return what is told of the run once it has ended, which it must in time.

        SystemExit once it has ended when ``orders`` ended first: who asked for it is gone.
        """
        with self.line:
            ended, *_ = select.select([self.line, orders], [], [], self.seconds)
            is_late = not ended
            if self.line not in ended:
                self.line.shutdown(socket.SHUT_WR)
                select.select([self.line], [], [], END_SECONDS)
                self._kill()
        _, status, used = os.wait4(self.pid, 0)
        self._kill()  # what it may have left in its group
        if not is_late and self.line not in ended:
            raise SystemExit(0)
        code = None if is_late else os.waitstatus_to_exitcode(status)
        return {"code": code, "cpu": used.ru_utime + used.ru_stime}

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _judge(words: list[str]) -> int:
    sys.argv = ["pytest", *words]
    # What else is installed may bring plugins, which no check needs.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return int(pytest.main([*_UNUSED, *words]))


if __name__ == "__main__":
    sys.exit(main())
