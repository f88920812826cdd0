"""Anchors: heads of the trail's chain, noted where the owner of the database cannot write.

Whoever owns the database can put rows, head and seal back together as they were at some time, and
nothing that stands in it tells. So the newest head is added to a file, at bounded intervals and at
the end, as a line of JSON: when it was seen, the head, and what vouches for both under the trail's
key. Lines can be taken out of the file, and none put in. It belongs onto storage that only adds, or
on a machine of its own: a log that is shipped away does well.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reference_server.audit.links import ChainWriter
from reference_server.core.errors import (
    ConfigurationError,
    DatabaseNotReadyError,
    StorageUnavailableError,
)
from reference_server.core.periodic import Periodic
from reference_server.db.chain import SECRET, Head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.db.chain import AuditChain

_CLOSE_SECONDS = 2.0
_LINE_BYTES = 512
"""More than any line of ours has."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Anchor:
    """A head that the trail had at a moment, in UTC."""

    moment: datetime
    head: Head


class AnchorFile:
    """The lines of one file. Every method raises ConfigurationError for what it cannot use."""

    def __init__(self, path: Path, chain: AuditChain) -> None:
        self.path, self.chain = path, chain

    def read(self) -> Iterator[Anchor]:
        """Yield the anchors in the order in which they were added."""
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    yield self._parsed(line, f"line {number}")
        except OSError as error:
            raise self._unusable(error) from error

    def newest(self) -> Anchor | None:
        """Return the last anchor; None where there is none yet, or no file."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LINE_BYTES))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error
        return self._parsed(lines[-1], "the last line") if lines else None

    def add(self, anchor: Anchor) -> None:
        """Add an anchor and have it on the disk when this returns."""
        moment = anchor.moment.isoformat()
        entry = {
            "time": moment,
            "head": str(anchor.head),
            "seal": self.chain.vouch(anchor.head, moment).hex(),
        }
        try:
            # In one write, so that the lines of several processes never mix.
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, json.dumps(entry).encode() + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise self._unusable(error) from error

    def _parsed(self, line: bytes, where: str) -> Anchor:
        try:
            entry: dict[str, Any] = json.loads(line)
            moment, head = entry["time"], Head.parse(entry["head"])
            is_ours = self.chain.vouch(head, moment).hex() == entry["seal"]
            anchor = Anchor(datetime.fromisoformat(moment).astimezone(UTC), head)
        except (ValueError, KeyError, TypeError, AttributeError):
            is_ours, anchor = False, None
        if anchor is None or not is_ours:
            raise ConfigurationError(
                f"{self.path}: {where} is no anchor under the secret {SECRET}: name the file that "
                "this trail's server wrote; a line that a crash has torn can be taken out."
            )
        return anchor

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"The anchors {self.path} cannot be used ({error.strerror}): choose another file with "
            "--audit-anchors (of verify-audit and repair-audit: --anchors)."
        )


class Anchors:
    """Adds the newest head to a file every ``interval`` seconds if it has moved, from a thread."""

    def __init__(self, file: AnchorFile, clock: Clock, interval: float) -> None:
        self.file, self._clock, self._interval = file, clock, interval
        self._noted: Head | None = None
        self._written: Head | None = None
        self._writing = Periodic("audit-anchors", interval, self._write, last=self._write)

    def renewed(self) -> Anchors:
        """Return what goes on where these, now closed, have ended."""
        return Anchors(self.file, self._clock, self._interval)

    def newest(self) -> Head | None:
        """Return the head of the file's last anchor, if any; ConfigurationError as it has them."""
        anchor = self.file.newest()
        return None if anchor is None else anchor.head

    def note(self, head: Head) -> None:
        """Take note of a head that is durable; never blocks, never raises."""
        self._noted = head

    def close(self) -> None:
        """Write what is noted and stop; bounded, and harmless when twice."""
        self._writing.close(_CLOSE_SECONDS)

    def _write(self) -> None:
        head = self._noted
        if head is None or head == self._written:
            return
        try:
            self.file.add(Anchor(self._clock.now(), head))
        except ConfigurationError as error:
            _logger.error("no anchor is written, and the next interval tries again: %s", error)  # noqa: TRY400 -- its words are enough
        else:
            self._written = head


def check_anchored(engine: Engine, file: AnchorFile, clock: Clock) -> None:
    """Return when the trail still holds the newest anchor, and its head has been added as one.

    DatabaseNotReadyError for a trail that does not; ConfigurationError for the file.
    """
    anchor = file.newest()
    try:
        head = ChainWriter(engine, file.chain, None if anchor is None else anchor.head).find()
    except StorageUnavailableError as error:
        raise DatabaseNotReadyError(f"By the anchors in {file.path}, {error}.") from error
    file.add(Anchor(clock.now(), head))
