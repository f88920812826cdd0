"""The launch channel: starts one more process of the target, with secrets altered."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from conformance.channels.programs import ending
from conformance.forge.requests import opening
from conformance.verdicts import NotEstablishedError, establish
from conformance.waiting import announced, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.programs import Launch

START_SECONDS = 30.0
STOP_SECONDS = 10.0
_PORTS = range(20_000, 32_000)
_PORT_TRIES = 100
ANSWER_SECONDS = 2.0
_WATCH_SECONDS = 0.1
"""Between two looks at what several processes listen on: each reads all of the kernel's table."""


class Launched:
    """A process of the target. Use it as a context manager: it always ends."""

    def __init__(
        self, process: subprocess.Popen[bytes], port: int, folder: Path, health: str
    ) -> None:
        self.process, self.port, self._folder, self._health = process, port, folder, health
        self.seen_open: set[str] = set()
        """Where it was seen to listen, by ``watch``."""
        self._is_asked_to_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with ending.undisturbed():
            try:
                ending.end(self.process, STOP_SECONDS)
            finally:
                shutil.rmtree(self._folder, ignore_errors=True)

    def ask_to_end(self) -> None:
        """Ask the process to end as an operator does, once: a second time may mean at once."""
        if not self._is_asked_to_end and self.process.poll() is None:
            self.process.terminate()
        self._is_asked_to_end = True

    def end(self) -> int | None:
        """Ask the process to end; return its exit code, None if it had to die.

        Harmless when it has ended already.
        """
        self.ask_to_end()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            ending.reap(self.process)
            return None

    def settle(self, *, may_be_half_open: bool = False) -> int | None:
        """Wait until the process ends or serves; return its exit code, None while it serves.

        One that ``may_be_half_open`` also counts as serving where all it does in time is listen.
        NotEstablishedError (hence *inconclusive*) when it does neither in time: a busy machine must
        not read as a process that refuses, or does not refuse, to start.
        """
        with announced("starting another process", START_SECONDS):
            settled = wait_for(self.has_settled, START_SECONDS)
        if may_be_half_open and not settled and self.process.poll() is None and self.accepts():
            return None
        establish(settled, f"a process ends or serves within {START_SECONDS:.0f} s of its start")
        return self.process.poll()

    def has_settled(self) -> bool:
        """Tell whether the process has ended, or serves."""
        return self.process.poll() is not None or self.is_serving()

    def watch(self) -> None:
        """Note where it listens now, as address:port, among what was ``seen_open``."""
        self.seen_open |= {f"{address}:{port}" for address, port in self._sockets()}

    def is_serving(self) -> bool:
        """Tell whether the process answers its health route, and with no error of its own."""
        # Asked many times a second, so without a client that reads certificates first.
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            line.request("GET", self._health)
            return line.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def accepts(self) -> bool:
        """Tell whether its port takes a connection, whatever comes of it."""
        try:
            socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS).close()
        except OSError:
            return False
        return True

    def listening(self) -> set[str]:
        """Return the local addresses on which the process and its children accept connections."""
        return {address for address, _ in self._sockets()}

    def _sockets(self) -> set[tuple[str, int]]:
        try:
            family = [psutil.Process(self.process.pid)]
            family += family[0].children(recursive=True)
            return {
                (connection.laddr.ip, connection.laddr.port)
                for member in family
                for connection in member.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
        except psutil.NoSuchProcess:
            return set()

    def url(self, path: str) -> str:
        """Return the URL of one of its paths."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ending(self) -> str:
        """Return how it stands with the process, in a line."""
        code = self.process.poll()
        ended = "still runs" if code is None else f"exit code {code}"
        return f"{ended}, said {self.output()[-200:]!r}"

    def output(self) -> str:
        """Return what the process wrote, both streams."""
        names = ("stdout", "stderr")
        return "".join((self._folder / name).read_text("utf-8", "replace") for name in names)


class Launcher:
    """Starts processes of the target from copies of its secrets."""

    def __init__(self, channel: Launch) -> None:
        self.channel = channel

    def start(
        self,
        alter: Callable[[Path], None] = lambda _: None,
        *,
        command: Sequence[str] = (),
        more: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Launched:
        """Start a process; ``alter`` is given a private copy of the secrets directory to change.

        ``command`` stands in for the profile's own, ``more`` words follow it, ``environment`` is
        added to ours.
        """
        folder = Path(tempfile.mkdtemp(prefix="hallmark-launch-"))
        copy = folder / "secrets"
        if self.channel.secrets_dir:
            shutil.copytree(self.channel.secrets_dir, copy)
        alter(copy)
        port = free_port()
        values = {"secrets": str(copy), "port": str(port)}
        words = [_filled(word, values) for word in (*(command or self.channel.command), *more)]
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(  # noqa: S603 -- the profile's own command
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # so that all it starts is found at the end
            )
        return Launched(process, port, folder, self.channel.health)


def settle_watched(processes: Sequence[Launched]) -> None:
    """Wait until each process has ended or serves, and watch all of them meanwhile.

    NotEstablishedError when one does neither in time.
    """

    def look() -> bool:
        for process in processes:
            process.watch()
        return all([process.has_settled() for process in processes])  # noqa: C419 -- each in turn

    with announced("starting other processes", START_SECONDS):
        settled = wait_for(look, START_SECONDS, _WATCH_SECONDS)
    establish(settled, f"processes end or serve within {START_SECONDS:.0f} s of their start")
    for process in processes:
        process.watch()


def free_port() -> int:
    """Return a TCP port that was free a moment ago, on every address.

    Not one of those that systems give to clients: until a minute after its end, such a connection
    keeps whoever would listen on all addresses from its port, and a run makes thousands.
    NotEstablishedError when none is found.
    """
    for _ in range(_PORT_TRIES):
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with tcp as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port
    raise NotEstablishedError("a free TCP port for a further process of the target was not found")


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def ask_any_worker(line: Wire, key: str) -> Answer:
    """Ask on a connection of its own, which any worker process may take."""
    return line.send(opening(line.revision).with_header("Connection", "close"), key=key)
