"""Reads the whole audit trail and tells whether it is the one that was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.db.chain import START, Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, Engine

    from reference_server.db.chain import AuditChain

_HEAD = text("SELECT position, digest, seal FROM audit_head")
_ROWS = text("""
    SELECT id, created_at, event_type, outcome, tenant_id, actor_key_id, actor_ip, request_id,
           metadata::text AS metadata, digest
      FROM audit_log ORDER BY id
""")
_ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Verdict:
    """What verification found.

    ``head`` is the last link that is right; ``broken`` the first thing that is not, in a sentence,
    None when the trail is whole.
    """

    head: Head
    broken: str | None = None


def verify_trail(engine: Engine, chain: AuditChain, expected: Head | None = None) -> Verdict:
    """Read every row, in one snapshot, as a role that may; database errors pass through.

    ``expected`` is a head that an earlier run ended with: the trail must still contain it. That
    finds what no look at the database alone can, a trail set back to one of its former states.
    """
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
    with snapshot.connect() as connection:
        return verify_rows(connection, chain, expected)


def verify_rows(connection: Connection, chain: AuditChain, expected: Head | None) -> Verdict:
    """Do ``verify_trail``'s work as the connection's transaction sees the trail."""
    reached = _follow(connection, chain, expected)
    if reached.broken is not None:
        return reached
    return Verdict(reached.head, _complaint_about_end(connection, chain, reached.head, expected))


def _follow(connection: Connection, chain: AuditChain, expected: Head | None) -> Verdict:
    with connection.execute(_ROWS, execution_options={"yield_per": _ROWS_AT_A_TIME}) as found:
        return _follow_rows(found.mappings(), chain, expected)


def _follow_rows(
    rows: Iterable[Mapping[Any, Any]], chain: AuditChain, expected: Head | None
) -> Verdict:
    head = START
    for row in rows:
        complaint = _complaint_about_row(chain, head, row)
        if complaint is not None:
            return Verdict(head, complaint)
        head = Head(row["id"], row["digest"])
        if expected is not None and head.position == expected.position and head != expected:
            return Verdict(head, f"row {head.position} is not the one that was expected there")
    return Verdict(head)


def _complaint_about_row(chain: AuditChain, head: Head, row: Mapping[Any, Any]) -> str | None:
    if row["id"] != head.position + 1:
        return f"row {head.position + 1} is missing: row {row['id']} stands in its place"
    if chain.link(head, row).digest != row["digest"]:
        return f"row {row['id']} was changed, added or moved: it is no link of the chain"
    return None


def _complaint_about_end(
    connection: Connection, chain: AuditChain, head: Head, expected: Head | None
) -> str | None:
    found = connection.execute(_HEAD).one_or_none()
    if found is None:
        return "the head of the chain is missing"
    stored = Head(found.position, found.digest)
    if not chain.seals(stored, found.seal):
        return f"the head of the chain, {stored}, was changed: its seal is wrong"
    if stored.position > head.position:
        return f"row {head.position + 1} is missing: the trail ended with row {stored.position}"
    if stored != head:
        return f"row {stored.position + 1} was added behind the head of the chain"
    if expected is not None and expected.position > head.position:
        return f"row {head.position + 1} is missing: row {expected.position} was seen before"
    return None
