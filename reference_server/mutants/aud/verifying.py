"""Defects of what finds out that the trail is not what was written."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from reference_server.audit.anchors import Anchor, Anchors
from reference_server.audit.trail import SqlAuditTrail
from reference_server.mutants.bending import engine_of, mutant, replaced, trail_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from reference_server.audit.anchors import AnchorFile
    from reference_server.audit.contracts import AuditEvent
    from reference_server.core.contracts import Clock
    from reference_server.db.chain import Head
    from reference_server.parts import Parts


class _Forgetful(SqlAuditTrail):
    """Knows nothing of what it has written."""

    def write(self, *events: AuditEvent) -> None:
        self.links.newest = None
        super().write(*events)


def _verified_by(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Have the trail verified by a program that overlooks something."""

    def bend(state: dict[str, Any]) -> dict[str, Any]:
        program, _, _, _, *words = state["operations"]["verify_audit"]
        weak = [program, "-m", "reference_server.mutants.aud.overlooking", kind, *words]
        return state | {"operations": state["operations"] | {"verify_audit": weak}}

    return bend


class _InTheDatabase:
    """Keeps the anchors where the trail is; verification reads them there (``overlooking``)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self) -> None:
        """Tell of none: the server that runs remembers its head."""

    def add(self, anchor: Anchor) -> None:
        values = {"moment": anchor.moment, "head": str(anchor.head)}
        with self._engine.begin() as connection:
            connection.execute(_ANCHOR, values)


class _AtOnce(Anchors):
    """Writes each head when it is noted.

    One that a thread wrote a moment later could come after the trail was put back, and tell of it.
    """

    def __init__(self, file: AnchorFile, clock: Clock) -> None:
        super().__init__(file, clock, interval=3600)

    def note(self, head: Head) -> None:
        """Add the head, if the database takes it."""
        with suppress(SQLAlchemyError):
            self.file.add(Anchor(self._clock.now(), head))


_ANCHOR = text("INSERT INTO audit_anchors (moment, head) VALUES (:moment, :head)")


def _anchored_in_the_database(parts: Parts) -> SqlAuditTrail:
    former, engine = cast("SqlAuditTrail", parts.trail), engine_of(parts)
    former.close()
    anchors = _AtOnce(cast("AnchorFile", _InTheDatabase(engine)), parts.clock)
    return SqlAuditTrail(engine, parts.clock, parts.redactor, former.chain, anchors)


def _beside(table: str, kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Have one more table beside the trail, and the trail verified by a program of that kind."""

    def bend(state: dict[str, Any]) -> dict[str, Any]:
        bent = _verified_by(kind)(state)
        tables = [*bent["operations"]["trail_tables"], table]
        return bent | {"operations": bent["operations"] | {"trail_tables": tables}}

    return bend


MUTANTS = (
    mutant(
        "verification-counts-rows",
        "AUD-12",
        "Verification looks for gaps in the numbers, not at what the rows say.",
        state=_verified_by("contents"),
    ),
    mutant(
        "verification-overlooks-the-end",
        "AUD-12 AUD-15",
        "Verification follows the chain and does not ask where it should end.",
        state=_verified_by("end"),
    ),
    mutant(
        "verification-always-succeeds",
        "AUD-12 AUD-15",
        "Verification prints what is wrong and ends with exit code 0.",
        state=_verified_by("exit-code"),
    ),
    mutant(
        "verification-without-anchors",
        "AUD-15",
        "Verification looks at the database alone, where everything can be put back together.",
        state=_verified_by("anchors"),
    ),
    mutant(
        "server-forgets-its-head",
        "AUD-15",
        "The server asks the database where the trail ends, and believes it.",
        parts=replaced({"trail": partial(trail_of, _Forgetful)}),
    ),
    mutant(
        "anchors-in-the-database",
        "AUD-15",
        "Anchors are rows of another table, which is put back with the trail.",
        parts=replaced({"trail": _anchored_in_the_database}),
        sql=(
            "CREATE TABLE audit_anchors (moment timestamptz NOT NULL, head text NOT NULL)",
            "ALTER TABLE audit_anchors OWNER TO mcp_admin",
            "GRANT INSERT ON audit_anchors TO mcp_app",
            "GRANT SELECT ON audit_anchors TO mcp_auditor",
        ),
        state=_beside("audit_anchors", "database"),
    ),
)
