"""The audit trail. Rows are durable before an answer leaves; concurrent requests share a commit.

One thread a process stores what has queued up while the commit before it ran, in one statement.
A request waits for the batch that holds its rows, so under load a commit serves many requests and
without load nothing waits for company.

The rows are links of one chain (``db/chain.py``), whichever process writes them. A writer that is
alone knows the head from its last batch: the statement that stores the next one moves the head,
from that very place or not at all. One that met others takes its turn at the head's row lock.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as WaitTimeoutError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from reference_server.db.chain import Head
from reference_server.errors import StorageUnavailableError
from reference_server.services.metadata import clean_text, to_stored_json

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from reference_server.db.chain import AuditChain
    from reference_server.parts import AuditEvent, Clock, Redactor

WAIT_SECONDS = 10.0
"""How long a request waits for its rows before it is refused."""
_CLOSE_SECONDS = 3.0
_BATCH_ROWS = 500

_COLUMNS = (
    "created_at",
    "event_type",
    "outcome",
    "tenant_id",
    "actor_ip",
    "request_id",
    "metadata",
    "actor_key_id",
    "digest",
)

# One statement of one shape whatever the number of rows: prepared once, one round trip, and a
# commit of its own. The ordinality keeps the order in which the rows were handed over, and gives
# each its place in the chain. Without the head where it was expected there is nothing to store.
_APPEND = text("""
    WITH moved AS (
        UPDATE audit_head SET position = :position, digest = :head_digest, seal = :seal
         WHERE position = :known_position AND digest = :known_digest
        RETURNING true
    )
    INSERT INTO audit_log (id, created_at, event_type, outcome, tenant_id, actor_ip, request_id,
                           metadata, actor_key_id, digest)
    SELECT :known_position + place, created_at, event_type, outcome, tenant_id, actor_ip,
           request_id, metadata, actor_key_id, digest
      FROM moved, unnest(
               CAST(:created_at AS timestamptz[]), CAST(:event_type AS text[]),
               CAST(:outcome AS text[]), CAST(:tenant_id AS uuid[]), CAST(:actor_ip AS text[]),
               CAST(:request_id AS text[]), CAST(:metadata AS jsonb[]),
               CAST(:actor_key_id AS uuid[]), CAST(:digest AS bytea[])) WITH ORDINALITY
        AS rows (created_at, event_type, outcome, tenant_id, actor_ip, request_id, metadata,
                 actor_key_id, digest, place)
     ORDER BY place
""")
_TAKE_TURN = text("SELECT position, digest, seal FROM audit_head FOR UPDATE")

_Row = dict[str, Any]


@dataclass(frozen=True)
class _Submission:
    """The rows of one ``write``, and the promise that they are stored."""

    rows: list[_Row]
    stored: Future[None] = field(default_factory=Future[None])


class SqlAuditTrail:
    """Writes ``audit_log`` as the runtime role, which may insert there and nothing else."""

    def __init__(self, engine: Engine, clock: Clock, redactor: Redactor, chain: AuditChain) -> None:
        self._engine = engine
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._clock = clock
        self._redactor = redactor
        self.chain = chain
        self._head: Head | None = None
        self._is_alone = False
        self._queue: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._writer = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._writer.start()

    @property
    def waiting(self) -> int:
        """Return how much is queued that no commit has taken up yet."""
        return self._queue.qsize()

    def write(self, *events: AuditEvent) -> None:
        """Store the rows, in order, and return when they are durable.

        StorageUnavailableError when they cannot be stored in time, or the trail is closed.
        """
        if not events:
            return
        submission = _Submission([self._row(event) for event in events])
        with self._lock:  # nothing may queue behind the word that ends the writer
            if self._closed:
                raise StorageUnavailableError("the audit trail is closed")
            self._queue.put(submission)
        try:
            submission.stored.result(WAIT_SECONDS)
        except WaitTimeoutError as error:
            submission.stored.cancel()
            raise StorageUnavailableError("the audit trail did not answer in time") from error

    def close(self) -> None:
        """Store what is queued and stop; bounded in time, and harmless when called twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._writer.join(_CLOSE_SECONDS)

    def _row(self, event: AuditEvent) -> _Row:
        return {
            "created_at": self._clock.now(),
            "event_type": event.event_type.value,
            "outcome": event.outcome.value,
            "tenant_id": event.tenant_id,
            "actor_ip": _optional_text(event.address),
            "request_id": _optional_text(event.request_id),
            "metadata": to_stored_json(event.metadata, self._redactor),
            "actor_key_id": event.actor_key_id,
        }

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._gather(first)
            self._store(batch)
            if ended:
                return

    def _gather(self, first: _Submission) -> tuple[list[_Submission], bool]:
        """Return what is queued by now, and whether the end of the queue was among it."""
        batch, rows = [first], len(first.rows)
        while rows < _BATCH_ROWS:
            try:
                found = self._queue.get_nowait()
            except queue.Empty:
                break
            if found is None:
                return batch, True
            batch.append(found)
            rows += len(found.rows)
        return batch, False

    def _store(self, batch: list[_Submission]) -> None:
        try:
            self._insert([row for submission in batch for row in submission.rows])
        except DBAPIError as error:
            if len(batch) > 1 and not error.connection_invalidated:
                # One request's rows must not cost the others theirs.
                for submission in batch:
                    self._store([submission])
            else:
                _settle(batch, error)
        except Exception as error:  # noqa: BLE001 -- a dead writer would hang every request after
            _settle(batch, error)
        else:
            _settle(batch, None)

    def _insert(self, rows: list[_Row]) -> None:
        known, self._head = self._head, None  # after an error nobody knows where the head is
        if known is not None and self._is_alone:
            with self._autocommit.connect() as connection:
                self._head = self._append(connection, known, rows)
        if self._head is None:
            self._take_turn(known, rows)

    def _take_turn(self, known: Head | None, rows: list[_Row]) -> None:
        """Store the rows while nobody else can; StorageUnavailableError without a head of ours."""
        with self._engine.begin() as connection:
            found = connection.execute(_TAKE_TURN).one_or_none()
            if found is None:
                raise StorageUnavailableError("the trail has no head: run migrate")
            head = Head(found.position, found.digest)
            if not self.chain.seals(head, found.seal):
                raise StorageUnavailableError("the trail's head has a wrong seal: run verify-audit")
            moved = self._append(connection, head, rows)
        self._head, self._is_alone = moved, head == known

    def _append(self, connection: Connection, known: Head, rows: list[_Row]) -> Head | None:
        """Store the rows behind the head and return the new one; None when it is elsewhere."""
        head = known
        for row in rows:
            head = self.chain.link(head, row)
            row["digest"] = head.digest
        values: dict[str, Any] = {name: [row[name] for row in rows] for name in _COLUMNS}
        ends = {"known_position": known.position, "known_digest": known.digest}
        sealed = {
            "position": head.position,
            "head_digest": head.digest,
            "seal": self.chain.seal(head),
        }
        stored = connection.execute(_APPEND, values | ends | sealed).rowcount
        return head if stored else None


def _optional_text(value: str | None) -> str | None:
    return None if value is None else clean_text(value)


def _settle(batch: list[_Submission], cause: Exception | None) -> None:
    for submission in batch:
        with contextlib.suppress(InvalidStateError):  # its request has given up waiting
            if cause is None:
                submission.stored.set_result(None)
            else:
                failure = StorageUnavailableError("the audit trail cannot be written")
                failure.__cause__ = cause
                submission.stored.set_exception(failure)
