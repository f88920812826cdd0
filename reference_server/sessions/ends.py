"""What has ended before its time, known to every worker without a query on any request.

Tokens that were revoked, and keys that were revoked or whose end was moved, stand in
``session_ends``; a trigger on ``api_keys`` writes the keys. Each process reads what is new there a
few times a second. When it cannot for too long, nobody knows what has ended, so nobody is let in.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.periodic import Periodic
from reference_server.db.session import storage_guarded

if TYPE_CHECKING:
    from sqlalchemy import Engine

PAUSE_SECONDS = 0.3
"""Between two looks: what another worker ends is known here well within a second."""

STALE_SECONDS = 5.0
"""How long ago the last look may be."""

WHOLE_SECONDS = 60.0
"""How often all is read again, and what is of no more use forgotten."""

_OVERLAP = timedelta(seconds=10)
"""A row is seen when its transaction ends, which may be after later ones: so far back is looked."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_CLOSE_SECONDS = 2.0

_NEWS = text("SELECT id, ends_at, noted_at FROM session_ends WHERE noted_at > :since")
_END = text("INSERT INTO session_ends (id) VALUES (:id) ON CONFLICT (id) DO NOTHING")
_FORGET = text("SELECT forget_session_ends()")

_logger = logging.getLogger(__name__)


def store_end(engine: Engine, token_id: str) -> None:
    """Write down that a token has ended; StorageUnavailableError when that cannot be stored."""
    with storage_guarded(), engine.begin() as connection:
        connection.execute(_END, {"id": token_id})


class SqlSessionEnds:
    """Keeps ``session_ends`` in memory, by a thread of its own."""

    def __init__(self, engine: Engine, pause: float = PAUSE_SECONDS) -> None:
        self._engine = engine
        self._ends: dict[str, datetime] = {}
        self._ended_here: dict[str, datetime] = {}
        self._newest = _LONG_AGO
        self._looked = self._read_whole = float("-inf")
        self._is_blind = False
        self._lock = threading.Lock()
        self._look()
        self._looking = Periodic("session-ends", pause, self._look)

    def has_ended(self, name: str, now: datetime) -> bool:
        """Tell whether a token or a key of this id has ended.

        StorageUnavailableError when the last look is too long ago.
        """
        if time.monotonic() - self._looked > STALE_SECONDS:
            raise StorageUnavailableError("it is not known which sessions have ended")
        ends = self._ends.get(name)
        return ends is not None and ends <= now

    def end(self, token_id: str) -> None:
        """End a token: here at once, elsewhere within a second; StorageUnavailableError."""
        store_end(self._engine, token_id)
        with self._lock:
            self._ends[token_id] = self._ended_here[token_id] = _LONG_AGO

    def close(self) -> None:
        """Stop looking; bounded in time."""
        self._looking.close(_CLOSE_SECONDS)

    def _look(self) -> None:
        began = time.monotonic()
        try:
            self._read(is_whole=began - self._read_whole >= WHOLE_SECONDS)
        except SQLAlchemyError as error:
            if not self._is_blind:  # once, not three times a second
                _logger.warning("it cannot be read which sessions have ended: %s", error)
            self._is_blind = True
            return
        self._looked, self._is_blind = began, False

    def _read(self, *, is_whole: bool) -> None:
        with self._lock:
            if is_whole:
                self._ended_here = {}
        with self._engine.begin() as connection:
            if is_whole:
                connection.execute(_FORGET)
            since = _LONG_AGO if is_whole else self._newest - _OVERLAP
            rows: list[Any] = list(connection.execute(_NEWS, {"since": since}))
        found: dict[str, datetime] = {row.id: row.ends_at for row in rows}
        with self._lock:
            # What was ended here meanwhile may be too young to have been read.
            known = self._ended_here if is_whole else self._ends
            self._ends = {**found, **known} if is_whole else {**known, **found}
            self._newest = max((row.noted_at for row in rows), default=self._newest)
        if is_whole:
            self._read_whole = time.monotonic()
