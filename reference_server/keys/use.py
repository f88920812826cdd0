"""When each key was last used, written behind the requests' backs."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

PAUSE_SECONDS = 0.25
"""Between two writes: however often a key is used, its row is written four times a second."""
_CLOSE_SECONDS = 2.0

# Of all tenants at once, by a function. A row that someone else holds is left for the next round
# instead of waited for.
_STORE = text("SELECT note_key_use(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]))")

_logger = logging.getLogger(__name__)


class BackgroundKeyUse:
    """Notes uses in memory and stores the newest of each key from a thread of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._noted: dict[UUID, datetime] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="key-use", daemon=True)
        self._thread.start()

    def record(self, key_id: UUID, used_at: datetime) -> None:
        """Note the use; never blocks on the database, never raises."""
        with self._lock:
            self._noted[key_id] = used_at
        self._wake.set()

    def close(self) -> None:
        """Store what is noted, once more and bounded in time, and stop."""
        self._closing.set()
        self._wake.set()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._flush()
            self._closing.wait(PAUSE_SECONDS)
        self._flush()

    def _flush(self) -> None:
        self._wake.clear()
        with self._lock:
            noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            left = self._store(noted)
        except SQLAlchemyError as error:
            _logger.warning("the last use of %d keys waits: %s", len(noted), error)
            left = noted
        if left:
            self._put_back(left)

    def _store(self, noted: dict[UUID, datetime]) -> dict[UUID, datetime]:
        """Store the uses; return those whose row was held by someone else."""
        values = {"ids": list(noted), "moments": list(noted.values())}
        with self._engine.begin() as connection:
            held = connection.execute(_STORE, values).scalars()
            return {key: noted[key] for key in held}

    def _put_back(self, left: dict[UUID, datetime]) -> None:
        with self._lock:
            self._noted = {**left, **self._noted}
        self._wake.set()
