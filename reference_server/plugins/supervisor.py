"""Stands between the server and one plugin's process: bounds it, and ends all that it started.

``python -I -S supervisor.py OPTIONS -- COMMAND …``, a program of its own that imports nothing but
the standard library. Standard input goes to the command as it is. Of its output only whole lines
that are JSON objects come through, up to a number of bytes; what it says on standard error goes
nowhere. It has the variables named by ``--pass`` and no others. It ends, with every process that
descends from it, when its input ends, when it says too much, when it ends itself, or when the
supervisor is told to (SIGTERM). One word on standard error says which.

Descendants that left its process group come back by ``PR_SET_CHILD_SUBREAPER`` (Linux's prctl(2));
elsewhere the group alone is ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_CHUNK = 1 << 16
_MOST_INPUT = 1 << 23
"""Bytes that may wait for a process that does not read: more than any message to it has."""
_FILES = 256
_GRACE_SECONDS = 0.5
"""How long a process that was told by the end of its input may take to end by itself."""
_KILL_SECONDS = 3.0
_PAUSE_SECONDS = 0.005


class _Told(Exception):  # noqa: N818 -- a signal, no error
    """SIGTERM has come."""


def main() -> int:
    """Run the command; return 0, whatever became of it."""
    options = _options()
    _prctl(_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _tell)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    word = "unstartable"
    with suppress(_Told), suppress(OSError, subprocess.SubprocessError):
        word = _supervised(options)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_all()
    with suppress(OSError):
        os.write(2, word.encode())
    return 0


@dataclass(frozen=True)
class _Options:
    """What the server has told: what to run, with which variables, and how much it may take."""

    command: list[str]
    names: list[str]
    memory: int
    output: int
    processor: int


def _options() -> _Options:
    """Return the options; they come from the server alone, so that nothing helps who misspells."""
    mark = sys.argv.index("--")
    told = [word.removeprefix("--").partition("=")[::2] for word in sys.argv[1:mark]]
    numbers = {name: int(value) for name, value in told if name != "pass"}
    names = [value for name, value in told if name == "pass"]
    return _Options(sys.argv[mark + 1 :], names, **numbers)


def _tell(number: int, frame: object) -> None:
    del number, frame
    raise _Told


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _supervised(options: _Options) -> str:
    """Start the command and pass on what is said; return the word for how that ended."""

    def confine() -> None:
        _prctl(_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (options.memory, options.memory))
        resource.setrlimit(resource.RLIMIT_CPU, (options.processor, options.processor))
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
        # A dump of its memory would write its credentials to a disk.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    process = subprocess.Popen(  # noqa: S603 -- the operator's own command
        options.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={name: os.environ[name] for name in options.names},
        start_new_session=True,
        preexec_fn=confine,  # noqa: PLW1509 -- there are no threads here
    )
    return _Relay(process, options.output).passed_on()


class _Relay:
    """Passes on what is said, until one of both has nothing more to say."""

    def __init__(self, process: subprocess.Popen[bytes], most: int) -> None:
        assert process.stdin is not None  # noqa: S101 -- it was asked for
        assert process.stdout is not None  # noqa: S101 -- as well
        self._process, self._left = process, most
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._input, self._line = b"", b""
        self._ends_at: float | None = None

    def passed_on(self) -> str:
        """Return how it ended."""
        while True:
            waits = 0.0 if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())
            # Read on while nothing can be written: the end of the input must be seen.
            reads = [self._out, *([0] if self._ends_at is None else [])]
            writes = [self._in] if self._input else []
            patience = None if self._ends_at is None else waits
            ready, writable, _ = select.select(reads, writes, [], patience)
            if not ready and not writable:
                return "closed"
            if writable and not self._write():
                return self._ending()
            if 0 in ready:
                self._read()
            if len(self._input) > _MOST_INPUT:
                return "closed"
            if self._out in ready and (word := self._hear()) is not None:
                return word

    def _read(self) -> None:
        said = os.read(0, _CHUNK)
        self._input += said
        if not said:
            self._ends_at = time.monotonic() + _GRACE_SECONDS
            self._input = b""
            os.close(self._in)

    def _write(self) -> bool:
        """Write some of the input; False where nobody reads it any more."""
        try:
            self._input = self._input[os.write(self._in, self._input) :]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def _hear(self) -> str | None:
        """Pass on the whole lines among what is said; return a word where this is the end."""
        said = os.read(self._out, _CHUNK)
        if not said:
            return self._ending()
        self._left -= len(said)
        if self._left < 0:
            return "output"
        *lines, self._line = (self._line + said).split(b"\n")
        for line in lines:
            if _is_message(line) and not _written(line + b"\n"):
                return "closed"
        return None

    def _ending(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        return "ended" if self._ends_at is None else "closed"


def _is_message(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _written(line: bytes) -> bool:
    """Write a line to whoever reads ours; False where nobody does."""
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(1, left) :]
    except OSError:
        return False
    return True


def _end_all() -> None:
    """Stop, then kill, all that descends from this process, and reap it; bounded in time.

    They are stopped first, so that none starts another while it is looked for.
    """
    deadline = time.monotonic() + _KILL_SECONDS
    stopped: set[int] = set()
    while (found := _descendants() - stopped) and time.monotonic() < deadline:
        _signal_each(found, signal.SIGSTOP)
        stopped |= found
    _signal_each(stopped, signal.SIGKILL)
    while time.monotonic() < deadline:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not reaped:
            _signal_each(_descendants(), signal.SIGKILL)
            select.select([], [], [], _PAUSE_SECONDS)


def _signal_each(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _descendants() -> set[int]:
    """Return the processes that descend from this one; of zombies there is nothing to end."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():  # noqa: PTH208, PTH112
        if not name.isdigit():
            continue
        with suppress(OSError, IndexError, ValueError):
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 -- pathlib takes as long
                state, parent = file.read().rpartition(b")")[2].split()[:2]
            if state != b"Z":
                children.setdefault(int(parent), []).append(int(name))
    found: set[int] = set()
    heads = [os.getpid()]
    while heads:
        own = [pid for pid in children.get(heads.pop(), ()) if pid not in found]
        found.update(own)
        heads += own
    return found


if __name__ == "__main__":
    sys.exit(main())
