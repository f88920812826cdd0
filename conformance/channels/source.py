"""Text that a target goes on writing: a file that grows, or what a command prints each time."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from conformance.channels.programs.printing import MOST_BYTES, printed_by
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO

    from conformance.profile.written import WrittenText

_KEPT = 1024
"""Bytes before a mark by which its place is known again."""


@dataclass(frozen=True)
class Mark:
    """The end of a text at one time: its size, what stood right before, and which file it was."""

    size: int = 0
    before: bytes = b""
    file: tuple[int, int] = (0, 0)


class Source(Protocol):
    """A text that grows. ``pause`` is how long to wait between two readings, in seconds."""

    pause: ClassVar[float]

    def mark(self) -> Mark:
        """Return where the text ends now."""
        ...

    def since(self, mark: Mark) -> bytes:
        """Return what was written after a mark, also where another text has taken its place."""
        ...

    def whole(self) -> bytes:
        """Return all of it."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


class FileSource:
    """A file. What was marked stays open, so that its end is not lost when it is moved away."""

    pause: ClassVar[float] = 0.02

    def __init__(self, path: str, entry: str) -> None:
        self._path, self._entry = Path(path), entry
        self._open: dict[tuple[int, int], FileIO] = {}

    def mark(self) -> Mark:
        """Return where the file ends now. Raises NotEstablishedError when it cannot be read."""
        try:
            identity, stream = self._current()
        except OSError as error:
            raise NotEstablishedError(
                f"could not establish what is written: {self._entry} {self._path}: {error.strerror}"
            ) from error
        size = os.fstat(stream.fileno()).st_size
        before = self._read(stream, max(size - _KEPT, 0), size)
        return Mark(size, before, identity)

    def since(self, mark: Mark) -> bytes:
        """Return what was written after a mark.

        A file that was emptied, or written anew, is read from its start; so is another that has
        taken the name, after the end of the one that had it.
        """
        try:
            identity, stream = self._current()
        except FileNotFoundError:
            if mark.file not in self._open:
                raise
            identity, stream = mark.file, self._open[mark.file]  # between a move and a new file
        if identity == mark.file:
            return self._after(stream, mark)
        rest = self._after(self._open[mark.file], mark) if mark.file in self._open else b""
        return rest + self._read(stream, 0)

    def whole(self) -> bytes:
        """Return all that is in the file, after what was in those that had its name before.

        One that begins as the newest does is an older state of the same.
        """
        identity, newest = self._current()
        begins = self._read(newest, 0, _KEPT)
        older = [stream for held, stream in self._open.items() if held != identity]
        starts = [self._read(stream, 0, _KEPT) for stream in older]
        moved = [
            self._read(stream, 0)
            for stream, start in zip(older, starts, strict=True)
            if not begins.startswith(start[: len(begins)])
        ]
        return b"".join([*moved, self._read(newest, 0)])

    def close(self) -> None:
        """Close the file, and those that had its name before."""
        for stream in self._open.values():
            stream.close()
        self._open.clear()

    def _current(self) -> tuple[tuple[int, int], FileIO]:
        found = self._path.stat()
        if not stat.S_ISREG(found.st_mode):  # the opening of a pipe may wait for ever
            raise NotEstablishedError(
                f"could not establish what was written: {self._entry} {self._path} is no file"
            )
        identity = (found.st_dev, found.st_ino)
        if identity not in self._open:
            stream = self._path.open("rb", buffering=0)
            held = os.fstat(stream.fileno())
            identity = (held.st_dev, held.st_ino)  # it may have been moved away meanwhile
            if self._open.setdefault(identity, stream) is not stream:
                stream.close()
        return identity, self._open[identity]

    def _after(self, stream: FileIO, mark: Mark) -> bytes:
        start = mark.size - len(mark.before)
        if self._read(stream, start, mark.size) != mark.before:
            return self._read(stream, 0)
        return self._read(stream, mark.size)

    def _read(self, stream: FileIO, start: int, end: int | None = None) -> bytes:
        last = os.fstat(stream.fileno()).st_size if end is None else end
        if last - start > MOST_BYTES:
            raise NotEstablishedError(
                f"could not establish what was written: {self._entry} {self._path} has grown by "
                f"more than {MOST_BYTES >> 20} MiB"
            )
        stream.seek(start)
        return stream.read(max(last - start, 0)) or b""


class CommandSource:
    """What a command prints, all of it or its end, anew with each reading."""

    pause: ClassVar[float] = 0.25

    def __init__(self, command: Sequence[str], entry: str, *, with_errors: bool) -> None:
        self._command, self._entry, self._with_errors = command, entry, with_errors

    def mark(self) -> Mark:
        """Return where that ends now."""
        said = self._said()
        return Mark(len(said), said[-_KEPT:])

    def since(self, mark: Mark) -> bytes:
        """Return what is printed beyond a mark.

        A command that prints the end alone, as the last 1,000 lines, has moved on by then: what
        stood before the mark is looked for, and where it is gone all is new.
        """
        said = self._said()
        if said[: mark.size].endswith(mark.before) and len(said) >= mark.size:
            return said[mark.size :]
        place = said.find(mark.before)
        return said if place < 0 else said[place + len(mark.before) :]

    def whole(self) -> bytes:
        """Return all that is printed."""
        return self._said()

    def close(self) -> None:
        """Do nothing: a command has ended with its reading."""

    def _said(self) -> bytes:
        return printed_by(self._command, self._entry, with_errors=self._with_errors)


def source_of(channel: WrittenText, section: str, *, with_errors: bool) -> Source:
    """Return the source that a channel of the profile names."""
    if channel.file is not None:
        return FileSource(channel.file, f"[{section}] file")
    return CommandSource(channel.command, f"[{section}] command", with_errors=with_errors)
