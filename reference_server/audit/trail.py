"""The audit trail. Rows are durable before an answer leaves; concurrent requests share a commit.

One request at a time stores: its own rows, and those of all who came while the commit before it
ran. Then it appoints the next. So under load a commit serves many requests, and without load a
request waits neither for company nor for another thread to wake.

The rows are links of one chain (``db/chain.py``), whichever process writes them: ``links.py`` adds
them. What the newest of them was is noted outside of the database, too (``anchors.py``).
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as WaitTimeoutError
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.exc import DBAPIError

from reference_server.audit.links import ChainWriter
from reference_server.audit.metadata import to_stored_json
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from reference_server.audit.anchors import Anchors
    from reference_server.audit.contracts import AuditEvent
    from reference_server.core.contracts import Clock
    from reference_server.db.chain import AuditChain
    from reference_server.observability.contracts import Redactor

WAIT_SECONDS = 6.0
"""How long a request waits for its rows before it is refused."""
_CLOSE_SECONDS = 3.0
_BATCH_ROWS = 500

_Row = dict[str, Any]


class _Word(Enum):
    """What a waiting request is told."""

    STORED = auto()
    LEAD = auto()


@dataclass
class _Submission:
    """The rows of one ``write``, and the promise of a word about them."""

    rows: list[_Row]
    word: Future[_Word] = field(default_factory=Future[_Word])


class SqlAuditTrail:
    """Writes ``audit_log`` as a role that may call the functions for it, and do nothing else there.

    ``anchors`` tell the newest head there was before, and are told of every later one.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        redactor: Redactor,
        chain: AuditChain,
        anchors: Anchors | None = None,
    ) -> None:
        newest = None if anchors is None else anchors.newest()
        self.links = ChainWriter(engine, chain, newest)
        self._clock = clock
        self.redactor = redactor
        self.chain = chain
        self.anchors = anchors
        self._queue: deque[_Submission] = deque()
        self._is_led = False
        self._is_closed = False
        self._lock = threading.Lock()
        self._rests = threading.Condition(self._lock)

    @property
    def waiting(self) -> int:
        """Return how many writes are queued that no commit has taken up yet."""
        return len(self._queue)

    @property
    def is_storing(self) -> bool:
        """Tell whether somebody leads."""
        return self._is_led

    @property
    def is_closed(self) -> bool:
        """Tell whether nothing more is taken."""
        return self._is_closed

    def write(self, *events: AuditEvent) -> None:
        """Store the rows, in order, and return when they are durable.

        StorageUnavailableError when they cannot be stored in time, or the trail is closed.
        """
        if not events:
            return
        submission = _Submission([self.row(event) for event in events])
        with self._lock:
            if self._is_closed:
                raise StorageUnavailableError("the audit trail is closed")
            self._queue.append(submission)
            leads, self._is_led = not self._is_led, True
        if leads or _wait_for(submission) is _Word.LEAD:
            self._lead(submission)

    def close(self) -> None:
        """Take nothing more and let what is queued be stored; bounded, and harmless when twice."""
        with self._lock:
            self._is_closed = True
            self._rests.wait_for(lambda: not self._is_led, _CLOSE_SECONDS)
        if self.anchors is not None:
            self.anchors.close()

    def _lead(self, own: _Submission) -> None:
        """Store what is queued by now, one's own rows among it, and appoint the next leader."""
        own.word = Future()
        try:
            self._store(self._gather())
        finally:
            self._appoint()
        own.word.result(timeout=0)

    def _gather(self) -> list[_Submission]:
        """Take what is queued by now off the queue, or as much of it as one statement may hold."""
        with self._lock:
            batch = [self._queue.popleft()]
            rows = len(batch[0].rows)
            while self._queue and rows < _BATCH_ROWS:
                batch.append(self._queue.popleft())
                rows += len(batch[-1].rows)
        return batch

    def _appoint(self) -> None:
        """Hand over to the first that waits; drop before it whoever has given up."""
        with self._lock:
            while self._queue:
                if _tell(self._queue[0], lambda word: word.set_result(_Word.LEAD)):
                    return
                self._queue.popleft()
            self._is_led = False
            self._rests.notify_all()

    def row(self, event: AuditEvent) -> dict[str, Any]:
        """Return what is stored of an event, by column."""
        return {
            "created_at": self._clock.now(),
            "event_type": event.event_type.value,
            "outcome": event.outcome.value,
            "tenant_id": event.tenant_id,
            "actor_ip": _optional_text(event.address),
            "request_id": _optional_text(event.request_id),
            "metadata": to_stored_json(event.metadata, self.redactor),
            "actor_key_id": event.actor_key_id,
        }

    def _store(self, batch: list[_Submission]) -> None:
        try:
            self._insert([row for submission in batch for row in submission.rows])
        except (psycopg.Error, DBAPIError) as error:
            if len(batch) > 1 and not _is_lost(error):
                # One request's rows must not cost the others theirs.
                for submission in batch:
                    self._store([submission])
            else:
                _settle(batch, error)
        except Exception as error:  # noqa: BLE001 -- those who share the batch would wait in vain
            _settle(batch, error)
        else:
            _settle(batch, None)

    def _insert(self, rows: list[_Row]) -> None:
        self.links.append(rows)
        if self.anchors is not None and self.links.newest is not None:
            self.anchors.note(self.links.newest)


def _optional_text(value: str | None) -> str | None:
    return None if value is None else clean_text(value)


def _is_lost(error: Exception) -> bool:
    """Tell whether the database is at fault, not a row: then no other one can be stored either.

    Operational errors are lost connections, time-outs, somebody else's locks and full disks.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)


def _wait_for(submission: _Submission) -> _Word:
    """Return the word of whoever leads; StorageUnavailableError when none comes in time."""
    try:
        return submission.word.result(WAIT_SECONDS)
    except WaitTimeoutError as error:
        if submission.word.cancel():
            raise StorageUnavailableError("the audit trail did not answer in time") from error
    return submission.word.result()  # it came at the last moment


def _tell(submission: _Submission, tell: Callable[[Future[_Word]], None]) -> bool:
    """Keep a promise; False when its request has given up waiting."""
    try:
        tell(submission.word)
    except InvalidStateError:
        return False
    return True


def _settle(batch: list[_Submission], cause: Exception | None) -> None:
    for submission in batch:
        if cause is None:
            _tell(submission, lambda word: word.set_result(_Word.STORED))
        else:
            failure = StorageUnavailableError("the audit trail cannot be written")
            failure.__cause__ = cause
            _tell(submission, lambda word, failure=failure: word.set_exception(failure))
