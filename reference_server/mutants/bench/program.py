"""A program beside ours that answers orders, a line of JSON for each, and ends with its input."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[3]
END_SECONDS = 60.0
"""What a program may take to end all that it has started."""


class ProgramEndedError(Exception):
    """The program is gone, or did not answer in time; the message says which."""


class Program:
    """``python -m MODULE``, started when it is first needed; a context manager that ends it.

    It leads a session of its own: a terminal's Ctrl-C reaches us alone, and we end it.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, within: float, /, **order: Any) -> dict[str, Any]:
        """Give an order and return the answer. ProgramEndedError when none comes in time."""
        process = self._process = self._process or self._started()
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise ProgramEndedError(f"{self._module} has no pipes")
        line = b""
        with contextlib.suppress(OSError, ValueError):  # it has ended, or another thread ends it
            stdin.write(json.dumps(order).encode() + b"\n")
            if select.select([stdout], [], [], within)[0]:
                line = stdout.readline()
        if line:
            return json.loads(line)
        if process is not self._process:
            raise ProgramEndedError(f"{self._module} was told to end")
        code = process.poll()
        self.close()
        how = f"did not answer in {within:.0f} s" if code is None else f"ended with {code}"
        raise ProgramEndedError(f"{self._module} {how}")

    def close(self) -> None:
        """End the program; safe to call twice, and while another thread asks."""
        process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 -- our own module
            [sys.executable, "-m", self._module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
