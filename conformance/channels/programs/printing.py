"""What a command of the profile's prints, bounded in time and in size."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from conformance.channels.programs import ending
from conformance.text.plain import flat
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 30.0
"""The longest that one reading may take."""
MOST_BYTES = 64 * 1024 * 1024
"""The most that one reading may hold: what is cut off could not be said to hold nothing."""
_LAST_WORDS = 300


def printed_by(command: Sequence[str], entry: str, *, with_errors: bool) -> bytes:
    """Return what a command prints, ``with_errors`` also what it writes to standard error.

    Raises NotEstablishedError, naming the profile's ``entry``, where it cannot be run, fails, does
    not end, or prints too much.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        both = (output, errors)
        try:
            process = subprocess.Popen(  # noqa: S603 -- the profile's own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output if with_errors else errors,
                start_new_session=True,  # so that all it starts is found at the end
            )
        except OSError as error:
            raise _failed(entry, command, f"cannot be run ({error.strerror})") from None
        try:
            wait_for(lambda: process.poll() is not None or _is_too_much(both), SECONDS)
            code = process.poll()
        finally:
            ending.kill(process)
        if _is_too_much(both):
            raise _failed(entry, command, f"prints more than {MOST_BYTES >> 20} MiB: narrow it")
        if code is None:
            what = f"did not end in {SECONDS:.0f} s: leave out what has it follow, such as -f"
            raise _failed(entry, command, what)
        said = _content(output)
        if code:
            words = flat((said + _content(errors)).decode("utf-8", "replace"))[-_LAST_WORDS:]
            raise _failed(entry, command, f"ended with {code}: {words}")
        return said


def _failed(entry: str, command: Sequence[str], how: str) -> NotEstablishedError:
    return NotEstablishedError(f"could not establish what {entry} prints: {command[0]!r} {how}")


def _is_too_much(files: Sequence[IO[bytes]]) -> bool:
    return any(os.fstat(file.fileno()).st_size > MOST_BYTES for file in files)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
