"""The command that rotates the keys of secrets, run beside the target and broken off at will."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from conformance.channels.programs import ending
from conformance.text.plain import flat
from conformance.verdicts import NotEstablishedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from conformance.profile.vault import VaultRotation

SECONDS = 30.0
"""The longest that one rotation may take."""
_LAST_WORDS = 300


class KeyRotation:
    """Runs the command of [vault.rotation]."""

    def __init__(self, channel: VaultRotation) -> None:
        self._command = channel.command

    def broken_off(self, after: Callable[[], object]) -> None:
        """Start a rotation, do something, and kill it wherever it has got to by then."""
        with self._started() as (_, _):
            after()

    def carried_out(self, meanwhile: Callable[[], object]) -> None:
        """Rotate to the end, doing something again and again meanwhile.

        Raises NotEstablishedError where the command fails, or does not end in ``SECONDS``.
        """

        def has_ended() -> bool:
            meanwhile()
            return process.poll() is not None

        with self._started() as (process, output):
            establish(wait_for(has_ended, SECONDS), f"a rotation ends within {SECONDS:.0f} s")
            output.seek(0)
            words = flat(output.read().decode("utf-8", "replace"))[-_LAST_WORDS:]
            code = process.returncode
            establish(code == 0, f"a rotation succeeds (exit code {code}: {words})")

    @contextmanager
    def _started(self) -> Generator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(  # noqa: S603 -- the profile's own command
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # so that all it starts is found at the end
                )
            except OSError as error:
                raise NotEstablishedError(
                    f"could not run {self._command[0]!r}, of [vault.rotation]: {error.strerror}"
                ) from None
            try:
                yield process, output
            finally:
                ending.kill(process)
