"""Serves one mutant after another, each in a fork of one process that has all imported already.

``python -m reference_server.mutants.bench.host`` reads a line of JSON for each order from its
standard input, and answers each with one:

``{"serve": NAME, "state": FILE, "output": FILE, "drill": bool, "valkey": bool, "seconds": N}``
    starts the mutant, the benign variant, or the ``healthy`` server, as ``demo`` does, on a copy of
    a migrated database. ``{"error": WORDS}``; the words are empty once the state file is there.
``{"end": true}``
    ends it. ``{"cpu": SECONDS, "database": SECONDS}``: what it, and PostgreSQL, have spent.

A fork shares nothing with the next but what was imported, the cluster, and the passwords of its
roles. A cluster that one of them has bent beyond its own database is replaced by a new one.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import psutil

from reference_server import variant
from reference_server.commands.command_line import run_reporting
from reference_server.core.settings import Limits
from reference_server.demo.run import FOR_DATABASE, FOR_SERVING, Demo, start_valkey
from reference_server.mutants.bench.registry import all_benign, all_mutants
from reference_server.mutants.bench.stock import Stock

if TYPE_CHECKING:
    from reference_server.variant import Variant

HEALTHY = "healthy"
LIMITS = Limits(tenant_requests=250, tenant_window=25)
"""A tenant may ask twice as often as by default, and is at its limit after fewer requests: a judge
neither waits as long below the limit, nor sends as much to reach it.
"""
_LATE = (
    *("uvicorn.lifespan.on", "uvicorn.loops.uvloop", "anyio._backends._asyncio"),
    *("reference_server.core.clock", "reference_server.observability.redaction"),
)
"""What a server imports when it begins to serve."""
_TICK_SECONDS = 0.01


def main() -> int:
    """Serve what standard input asks for, until it ends."""
    for name in (*FOR_DATABASE, *FOR_SERVING, *_LATE):
        import_module(name)
    variants: dict[str, Variant] = {HEALTHY: variant.HEALTHY, **all_mutants(), **all_benign()}
    folder = Path(tempfile.mkdtemp(prefix="hallmark-bench-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        host = Host(variants, folder, stack.enter_context(Stock(also_remove=folder)))
        stack.callback(host.end)
        gc.collect()
        gc.freeze()
        while line := sys.stdin.readline():
            order = json.loads(line)
            told = host.end() if "end" in order else {"error": host.serve(order)}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    return 0


@dataclass(frozen=True)
class _Server:
    """A server in a fork. ``line`` closes at its end when it ends, and it ends when ours does."""

    pid: int
    line: socket.socket
    folder: Path
    database_seconds: float


class Host:
    """Starts and ends servers, one at a time."""

    def __init__(self, variants: dict[str, Variant], folder: Path, stock: Stock) -> None:
        self._variants, self._folder, self._stock = variants, folder, stock
        self._server: _Server | None = None

    def serve(self, order: dict[str, Any]) -> str:
        """Start what is ordered; return nothing when it is ready, or else what it said last."""
        self.end()
        self._stock.prepare()
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        before = _seconds_of(self._stock.postmaster)
        _require_no_threads()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            ours.close()
            self._be_server(order, folder, theirs)
        theirs.close()
        self._server = _Server(pid, ours, folder, before)
        if _becomes_ready(ours, Path(order["state"]), order["seconds"]):
            return ""
        words = Path(order["output"]).read_text("utf-8", "replace").strip().splitlines()
        return words[-1] if words else "it said nothing"

    def end(self) -> dict[str, float]:
        """End the server, if there is one, and remove all that was its own."""
        if self._server is None:
            return {"cpu": 0.0, "database": 0.0}
        server, self._server = self._server, None
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGKILL)  # it may not have come to lead its group yet
            os.killpg(server.pid, signal.SIGKILL)
        _, _, used = os.wait4(server.pid, 0)
        server.line.close()
        self._stock.take_back()
        spent = max(0.0, _seconds_of(self._stock.postmaster) - server.database_seconds)
        shutil.rmtree(server.folder, ignore_errors=True)
        return {"cpu": used.ru_utime + used.ru_stime, "database": spent}

    def _be_server(self, order: dict[str, Any], folder: Path, line: socket.socket) -> NoReturn:
        """Be the server that is ordered. Nothing of the parent's may be unwound here."""
        code = 1
        try:
            os.setsid()
            output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with Path(os.devnull).open("rb") as nothing:
                for theirs, stream in ((nothing.fileno(), 0), (output, 1), (output, 2)):
                    os.dup2(theirs, stream)
            self._stock.let_go()
            threading.Thread(target=_end_with, args=(line,), daemon=True).start()
            code = run_reporting(lambda: self._demo(order, folder))
        except BaseException:  # noqa: BLE001 -- it is told, and this process ends
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _demo(self, order: dict[str, Any], folder: Path) -> int:
        bent = self._variants[order["serve"]]
        with contextlib.ExitStack() as stack:
            redis = start_valkey(stack, folder) if order["valkey"] else None
            database = self._stock.copy(drill=order["drill"])
            database.run_as_superuser(bent.sql)
            own = folder / "demo"
            own.mkdir()
            return Demo(Path(order["state"]), 0, bent, own, redis, LIMITS).serve(database)


def _becomes_ready(line: socket.socket, state: Path, seconds: float) -> bool:
    """Wait until the state file is there; False when the server ends before, or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, *_ = select.select([line], [], [], _TICK_SECONDS)
        if state.exists():
            return True
        if ended:
            return False
    return False


def _end_with(line: socket.socket) -> None:
    line.recv(1)  # nothing is ever sent: it returns when the parent has ended
    os.kill(os.getpid(), signal.SIGKILL)


def _require_no_threads() -> None:
    """Raise RuntimeError where a fork would leave out threads that something may rely on."""
    found = psutil.Process().num_threads()
    if found != 1:
        raise RuntimeError(f"{found} threads run: a fork would be half a process")


def _seconds_of(postmaster: int) -> float:
    """Return the CPU seconds of a cluster's process and of all sessions that have ended."""
    try:
        times = psutil.Process(postmaster).cpu_times()
    except psutil.Error:  # it has crashed
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    sys.exit(main())
