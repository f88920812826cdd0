"""Reads the whole audit trail and tells whether it is the one that was written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.core.vocabulary import EventType
from reference_server.db.chain import START, Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from reference_server.audit.anchors import Anchor
    from reference_server.db.chain import AuditChain

_HEAD = text("SELECT position, digest, seal FROM audit_head")
_ROWS = text("""
    SELECT id, created_at, event_type, outcome, tenant_id, actor_key_id, actor_ip, request_id,
           metadata::text AS metadata, digest
      FROM audit_log WHERE id >= :first ORDER BY id
""")
_LOWEST, _FIRST = -(2**63), 1
"""Of the ids that a row can have, and that a link can have."""
_SET_ASIDE = text("SELECT content FROM audit_set_aside WHERE repair = :repair ORDER BY place")
_ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class ToldRepair:
    """A row of the trail that tells of a repair: where it stands, when it was, and what of."""

    position: int
    moment: datetime
    told: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What verification found.

    ``head`` is the last link that is right; ``broken`` the first thing that is not, in a sentence,
    None when the trail is whole. ``repairs`` are those that the trail tells of itself.
    """

    head: Head
    broken: str | None = None
    repairs: tuple[ToldRepair, ...] = ()


@dataclass
class Followed:
    """What was seen along the chain: its repairs, and the digests where there are anchors."""

    anchored: Mapping[int, Any]
    repairs: list[ToldRepair] = field(default_factory=list[ToldRepair])
    digests: dict[int, bytes] = field(default_factory=dict[int, bytes])

    def see(self, head: Head, row: Mapping[Any, Any]) -> None:
        """Take note of a link."""
        if head.position in self.anchored:
            self.digests[head.position] = head.digest
        if row["event_type"] == EventType.TRAIL_REPAIRED:
            told: Mapping[str, Any] = json.loads(row["metadata"])
            self.repairs.append(ToldRepair(head.position, row["created_at"], told))


class Verifier:
    """Follows the chain from its start to its head."""

    def __init__(self, chain: AuditChain) -> None:
        self.chain = chain

    def verify(
        self, engine: Engine, expected: Head | None = None, anchors: Sequence[Anchor] = ()
    ) -> Verdict:
        """Read every row, in one snapshot, as a role that may; database errors pass through.

        ``expected`` is a head that an earlier run ended with, and ``anchors`` are those that the
        server has noted: the trail must still contain them. That finds what no look at the database
        alone can, a trail set back to one of its former states.
        """
        snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
        with snapshot.connect() as connection:
            return self.verify_rows(connection, expected, anchors)

    def verify_rows(
        self, connection: Connection, expected: Head | None = None, anchors: Sequence[Anchor] = ()
    ) -> Verdict:
        """Do ``verify``'s work as the connection's transaction sees the trail."""
        wanted = {anchor.head.position: anchor for anchor in anchors}
        seen = Followed(wanted if expected is None else {**wanted, expected.position: None})
        reached = self._follow(connection, seen, _LOWEST)
        if reached.broken is not None:
            return reached
        head = reached.head
        complaint = (
            self.complaint_about_end(connection, head)
            or self.complaint_about_repairs(connection, seen.repairs)
            or _complaint_about_expected(head, seen, expected)
            or self.complaint_about_anchors(head, seen, anchors)
        )
        return replace(reached, broken=complaint)

    def reach(self, connection: Connection) -> Verdict:
        """Return how far the links go, whatever else stands before them or behind."""
        return self._follow(connection, Followed({}), _FIRST)

    def complaint_about_row(self, head: Head, row: Mapping[Any, Any]) -> str | None:
        """Return what is wrong with the row that follows the head, None when nothing is."""
        if row["id"] != head.position + 1:
            return f"row {head.position + 1} is missing: row {row['id']} stands in its place"
        if self.chain.link(head, row).digest != row["digest"]:
            return f"row {row['id']} was changed, added or moved: it is no link of the chain"
        return None

    def complaint_about_end(self, connection: Connection, head: Head) -> str | None:
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
        return None

    def complaint_about_repairs(
        self, connection: Connection, repairs: Sequence[ToldRepair]
    ) -> str | None:
        """Return of which repair the evidence is not what was set aside, None when all is there."""
        lost = self.without_evidence(connection, repairs)
        if not lost:
            return None
        return f"the evidence of the repair in row {lost[0]} was changed or removed"

    def without_evidence(self, connection: Connection, repairs: Sequence[ToldRepair]) -> list[int]:
        """Return the rows of repairs whose evidence is not there; those told of later are left."""
        told_of = {place for one in repairs for place in one.told.get("evidenceLost", ())}
        lost: list[int] = []
        for repair in repairs:
            kept = connection.execute(_SET_ASIDE, {"repair": repair.position}).scalars()
            is_kept = digest_of(kept) == repair.told.get("evidence")
            if not is_kept and repair.position not in told_of:
                lost.append(repair.position)
        return lost

    def complaint_about_anchors(
        self, head: Head, seen: Followed, anchors: Iterable[Anchor]
    ) -> str | None:
        """Return which anchor the trail does not hold, None when it holds all.

        A repair gives up the anchors made before it that lie at its own place or behind.
        """
        for anchor in anchors:
            place, moment = anchor.head.position, anchor.moment
            if place == 0 or seen.digests.get(place) == anchor.head.digest:
                continue
            if any(one.position <= place and moment <= one.moment for one in seen.repairs):
                continue
            when = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
            if place > head.position:
                return f"row {head.position + 1} is missing: an anchor of {when} is row {place}"
            return f"row {place} is not the one that an anchor of {when} tells of"
        return None

    def _follow(self, connection: Connection, seen: Followed, first: int) -> Verdict:
        options = {"yield_per": _ROWS_AT_A_TIME}
        with connection.execute(_ROWS, {"first": first}, execution_options=options) as found:
            return self._follow_rows(found.mappings(), seen)

    def _follow_rows(self, rows: Iterable[Mapping[Any, Any]], seen: Followed) -> Verdict:
        head, broken = START, None
        for row in rows:
            broken = self.complaint_about_row(head, row)
            if broken is not None:
                break
            head = Head(row["id"], row["digest"])
            seen.see(head, row)
        return Verdict(head, broken, tuple(seen.repairs))


def digest_of(contents: Iterable[str]) -> str:
    """Return what stands in the row of a repair for what that has set aside."""
    digest = hashlib.sha256()
    for content in contents:
        text_of_it = content.encode()
        digest.update(len(text_of_it).to_bytes(8) + text_of_it)
    return digest.hexdigest()


def _complaint_about_expected(head: Head, seen: Followed, expected: Head | None) -> str | None:
    if expected is None or expected == START:
        return None
    if expected.position > head.position:
        return f"row {head.position + 1} is missing: row {expected.position} was seen before"
    if seen.digests.get(expected.position) != expected.digest:
        return f"row {expected.position} is not the one that was expected there"
    return None
