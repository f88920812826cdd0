"""Adds links behind the head of the trail's chain: behind the newest one known, or not at all."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reference_server.core.errors import StorageUnavailableError
from reference_server.db.chain import START, Head
from reference_server.db.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Engine

    from reference_server.db.chain import AuditChain

_TRIES = 100
"""How often other processes may come first before a batch is given up."""

_APPEND_ROW = """
    SELECT append_audit_row(
        %(proof)s, %(known)s, %(seal)s, %(created_at)s, %(event_type)s, %(outcome)s, %(tenant_id)s,
        %(actor_ip)s, %(request_id)s, %(metadata)s, %(actor_key_id)s, %(digest)s)"""
_APPEND_ROWS = """
    SELECT append_audit_rows(%(proof)s, %(known)s, %(seal)s, %(digest)s, %(count)s, %(rows)s)"""
_END = "SELECT position, digest, seal, digest_at_known FROM audit_chain_end(%(known)s)"

_logger = logging.getLogger(__name__)


class ChainWriter:
    """Adds rows by the functions that the runtime role may call; it has no right to the tables.

    ``newest`` is the newest head that is known to have been the trail's. The trail is only added to
    while it still holds that one: a trail that was set back is found, and refused until it is put
    right. One statement stores a batch where nobody else writes; who comes second looks where the
    head is now and tries again, and holds no lock meanwhile that somebody else could hold.
    """

    def __init__(self, engine: Engine, chain: AuditChain, newest: Head | None = None) -> None:
        self._statements = Statements(engine)
        self._is_refused = False
        self._proven: tuple[Head, bytes] | None = None
        self.chain = chain
        self.newest = newest

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store the rows, each given its digest, as one transaction.

        StorageUnavailableError for a trail that does not end as ours does; psycopg's errors, and
        those of the pool, pass through.
        """
        known = self.newest or self._found()
        for _ in range(_TRIES):
            moved = self._appended(known, rows)
            if moved is not None:
                self.newest = moved
                return
            known = self._found()
        raise StorageUnavailableError("other processes wrote to the trail first, each time")

    def find(self) -> Head:
        """Return where the trail ends now; errors as from ``append``."""
        known = self.newest or START
        row = self._statements.first(_END, {"known": known.position})
        found = None if row is None or row[0] is None else Head(row[0], row[1])
        seal, digest_at_known = (row[2], row[3]) if row else (b"", None)
        complaint = self._complaint(found, seal, known, digest_at_known)
        if found is None or complaint is not None:
            raise StorageUnavailableError(complaint)
        return found

    def _found(self) -> Head:
        """Return what ``find`` does; tell the log of a refusal, once, not for each request."""
        try:
            found = self.find()
        except StorageUnavailableError as error:
            if not self._is_refused:
                _logger.error("nothing is let through: %s", error)  # noqa: TRY400 -- its words do
            self._is_refused = True
            raise
        self._is_refused = False
        return found

    def _complaint(
        self, found: Head | None, seal: bytes, known: Head, digest_at_known: bytes | None
    ) -> str | None:
        """Return what is wrong with the end that was found, None when nothing is."""
        if found is None:
            return "the trail has no head: run migrate, or repair-audit"
        if not self.chain.seals(found, seal):
            return "the trail's head has a wrong seal: run verify-audit, then repair-audit"
        if known != START and (found.position < known.position or digest_at_known != known.digest):
            return (
                f"the trail was set back: it held the head {known}, and ends with {found} now: "
                "run verify-audit with the anchors, and restore the trail or run repair-audit"
            )
        return None

    def _appended(self, known: Head, rows: Sequence[dict[str, Any]]) -> Head | None:
        """Store the rows behind the head and return the new one; None when it is elsewhere."""
        head = known
        for row in rows:
            head = self.chain.link(head, row)
            row["digest"] = head.digest
        proof = self._proof_of(known)
        self._proven = head, self.chain.proof(head)
        ends = {
            "proof": proof,
            "known": known.position,
            "seal": self.chain.seal_by(self._proven[1]),
            "digest": head.digest,
        }
        if len(rows) == 1:  # as from nearly every request that meets no other
            done = self._statements.first(_APPEND_ROW, rows[0] | ends)
        else:
            more = {"count": len(rows), "rows": _encode(rows)}
            done = self._statements.first(_APPEND_ROWS, more | ends)
        return head if done is not None and done[0] else None

    def _proof_of(self, head: Head) -> bytes:
        """Return a head's proof, which whoever sealed that head has made already."""
        proven, proof = self._proven or (None, b"")
        return proof if proven == head else self.chain.proof(head)


def _as_text(value: datetime | UUID | bytes) -> str:
    """Return what JSON has no form for, as the statement reads it."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)


_encode = json.JSONEncoder(default=_as_text).encode
