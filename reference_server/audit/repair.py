"""Puts a trail right that is broken, and keeps what it finds as evidence.

The rows up to the first that is no link stay as they are. All others, and the head as it was, are
set aside in ``audit_set_aside``, whole; then a row joins the chain that tells of it, with a digest
of what was set aside, which ``verify-audit`` compares. Without the key none of it can be done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.audit.verification import Verifier, digest_of
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.db.migrate import run_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from reference_server.audit.anchors import Anchor
    from reference_server.db.chain import AuditChain, Head

# Even the owner is bound by the forced policy and the trigger, until it lifts them. Nobody writes
# meanwhile: the locks last until the end of the transaction.
_OPEN = """
LOCK TABLE audit_head, audit_log IN ACCESS EXCLUSIVE MODE;
ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
"""
_CLOSE = "ALTER TABLE audit_log FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER"

_NO_LINK = text("""
    INSERT INTO audit_set_aside (repair, place, kind, content)
    SELECT :repair, :before + row_number() OVER (ORDER BY id), 'row', to_jsonb(l)::text
      FROM audit_log l WHERE id < 1 OR id > :last""")
_REMOVE = text("DELETE FROM audit_log WHERE id < 1 OR id > :last")
_FORMER_HEAD = text("""
    INSERT INTO audit_set_aside (repair, place, kind, content)
    SELECT :repair, :before, 'head', to_jsonb(h)::text FROM audit_head h""")
# A row that was told of a repair may be the first that is no link later on.
_BEFORE = text("SELECT count(*) FROM audit_set_aside WHERE repair = :repair")
_KEPT = text("SELECT content FROM audit_set_aside WHERE repair = :repair ORDER BY place")
_TELL = text("""
    INSERT INTO audit_log (id, created_at, event_type, outcome, metadata, digest)
    VALUES (:position, :created_at, :event_type, :outcome, CAST(:metadata AS jsonb), :digest)""")
_NO_HEAD = text("DELETE FROM audit_head")
_SET_HEAD = text("INSERT INTO audit_head VALUES (true, :position, :digest, :seal)")


@dataclass(frozen=True)
class Repair:
    """What was done: the complaint, how many rows were set aside, and the head since then."""

    complaint: str
    rows: int
    head: Head


def repair(
    engine: Engine, chain: AuditChain, now: datetime, anchors: Sequence[Anchor] = ()
) -> Repair | None:
    """Repair the trail as its owner, in one transaction; None when nothing was broken.

    ``anchors`` are judged as ``verify-audit`` does: those that the trail does not hold are given up
    by the row that tells of the repair. Errors of the database pass through.
    """
    verifier = Verifier(chain)
    with engine.begin() as connection:
        run_sql(connection, _OPEN)
        complaint = verifier.verify_rows(connection, anchors=anchors).broken
        done = None
        if complaint is not None:
            reached = verifier.reach(connection)
            told = {
                "because": complaint,
                "evidenceLost": verifier.without_evidence(connection, reached.repairs),
                "newestAnchor": max((one.head.position for one in anchors), default=None),
            }
            rows, head = _set_aside(connection, chain, reached.head, now, told)
            done = Repair(complaint, rows, head)
        run_sql(connection, _CLOSE)
    return done


def _set_aside(
    connection: Connection, chain: AuditChain, last: Head, now: datetime, told: dict[str, Any]
) -> tuple[int, Head]:
    """Set aside what is no link, tell of it; return how many rows that were, and the head."""
    where = {"repair": last.position + 1, "last": last.position}
    where["before"] = connection.execute(_BEFORE, where).scalar_one()
    connection.execute(_FORMER_HEAD, where)
    rows = connection.execute(_NO_LINK, where).rowcount
    connection.execute(_REMOVE, where)
    evidence = digest_of(connection.execute(_KEPT, where).scalars())
    head = _tell(connection, chain, last, now, {**told, "rows": rows, "evidence": evidence})
    connection.execute(_NO_HEAD)
    values = {"position": head.position, "digest": head.digest, "seal": chain.seal(head)}
    connection.execute(_SET_HEAD, values)
    return rows, head


def _tell(
    connection: Connection, chain: AuditChain, last: Head, now: datetime, told: dict[str, Any]
) -> Head:
    """Add the row that tells of the repair, and return it as the head."""
    row: dict[str, Any] = {
        "created_at": now,
        "event_type": EventType.TRAIL_REPAIRED.value,
        "outcome": Outcome.SUCCESS.value,
        "metadata": json.dumps(told),
    }
    empty = dict.fromkeys(("tenant_id", "actor_key_id", "actor_ip", "request_id"))
    head = chain.link(last, {**empty, **row})
    connection.execute(_TELL, {**row, "position": head.position, "digest": head.digest})
    return head
