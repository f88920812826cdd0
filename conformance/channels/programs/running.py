"""Starts a target of our own from its profile, and ends it with the run."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.channels.programs import ending
from conformance.text.plain import flat
from conformance.waiting import announced, wait_for

if TYPE_CHECKING:
    from conformance.profile.target import Start

STOP_SECONDS = 15.0


class StartError(Exception):
    """The target could not be started; the message holds the last words it said."""


class RunningTarget:
    """A target this run has started. It ends with this process at the latest."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = process, folder
        # An interrupt may break into whatever would have called ``stop``.
        atexit.register(self.stop)

    @property
    def session(self) -> int:
        """The id of the session that it leads."""
        return self._process.pid

    @property
    def state(self) -> Path:
        """The state file it wrote."""
        return self._folder / "state.json"

    def stop(self) -> None:
        """End the target and remove what it wrote, whatever signal comes; once is enough."""
        with ending.undisturbed():
            atexit.unregister(self.stop)
            try:
                ending.end(self._process, STOP_SECONDS)
            finally:
                shutil.rmtree(self._folder, ignore_errors=True)


def start(section: Start, root: Path, mutant: str | None = None) -> RunningTarget:
    """Start the target, or a mutant of it, and wait until it is ready. Raises StartError."""
    folder = Path(tempfile.mkdtemp(prefix="hallmark-run-"))
    values = {
        "python": sys.executable,
        "state": str(folder / "state.json"),
        "mutant": mutant or "",
    }
    words = section.mutant_command if mutant else section.command
    if not words:
        raise StartError("the profile's [start] has no mutant_command, so --mutant cannot work")
    command = [word.format_map(values) for word in words]
    output = folder / "output"
    with ending.undisturbed() as requests:
        try:
            with output.open("wb") as stream:
                process = subprocess.Popen(  # noqa: S603 -- the profile's own command
                    command,
                    cwd=root,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    start_new_session=True,  # so that all it starts is found at the end
                )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StartError(f"cannot run {command[0]!r}: {error}") from None
        running = RunningTarget(process, folder)
    try:
        ending.heed(requests)
        with announced("starting the target", section.ready_seconds):
            wait_for(
                lambda: running.state.exists() or process.poll() is not None, section.ready_seconds
            )
    except BaseException:  # Ctrl-C among them
        running.stop()
        raise
    if running.state.exists():
        return running
    words_said = output.read_text("utf-8", "replace").strip().splitlines()
    ended = process.poll()
    running.stop()
    how = (
        f"ended with {ended}"
        if ended is not None
        else f"was not ready in {section.ready_seconds:.0f} s"
    )
    said = flat(words_said[-1]) if words_said else "it said nothing"
    raise StartError(f"the target {how}: {said}")
