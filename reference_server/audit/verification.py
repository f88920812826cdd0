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


class Verifier:
    """Follows the chain from its start to its head."""

    def __init__(self, chain: AuditChain) -> None:
        self.chain = chain

    def verify(self, engine: Engine, expected: Head | None = None) -> Verdict:
        """Read every row, in one snapshot, as a role that may; database errors pass through.

        ``expected`` is a head that an earlier run ended with: the trail must still contain it. That
        finds what no look at the database alone can, a trail set back to one of its former states.
        """
        snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
        with snapshot.connect() as connection:
            return self.verify_rows(connection, expected)

    def verify_rows(self, connection: Connection, expected: Head | None = None) -> Verdict:
        """Do ``verify``'s work as the connection's transaction sees the trail."""
        reached = self._follow(connection, expected)
        if reached.broken is not None:
            return reached
        return Verdict(reached.head, self.complaint_about_end(connection, reached.head, expected))

    def complaint_about_row(self, head: Head, row: Mapping[Any, Any]) -> str | None:
        """Return what is wrong with the row that follows the head, None when nothing is."""
        if row["id"] != head.position + 1:
            return f"row {head.position + 1} is missing: row {row['id']} stands in its place"
        if self.chain.link(head, row).digest != row["digest"]:
            return f"row {row['id']} was changed, added or moved: it is no link of the chain"
        return None

    def complaint_about_end(
        self, connection: Connection, head: Head, expected: Head | None
    ) -> str | None:
        """Return what is wrong with where the trail ends, None when nothing is."""
        found = connection.execute(_HEAD).one_or_none()
        if found is None:
            return "the head of the chain is missing"
        stored = Head(found.position, found.digest)
        if not self.chain.seals(stored, found.seal):
            return f"the head of the chain, {stored}, was changed: its seal is wrong"
        if stored.position > head.position:
            return f"row {head.position + 1} is missing: the trail ended with row {stored.position}"
        if stored != head:
            return f"row {stored.position + 1} was added behind the head of the chain"
        if expected is not None and expected.position > head.position:
            return f"row {head.position + 1} is missing: row {expected.position} was seen before"
        return None

    def _follow(self, connection: Connection, expected: Head | None) -> Verdict:
        with connection.execute(_ROWS, execution_options={"yield_per": _ROWS_AT_A_TIME}) as found:
            return self._follow_rows(found.mappings(), expected)

    def _follow_rows(self, rows: Iterable[Mapping[Any, Any]], expected: Head | None) -> Verdict:
        head = START
        for row in rows:
            complaint = self.complaint_about_row(head, row)
            if complaint is not None:
                return Verdict(head, complaint)
            head = Head(row["id"], row["digest"])
            if expected is not None and head.position == expected.position and head != expected:
                return Verdict(head, f"row {head.position} is not the one that was expected there")
        return Verdict(head)
