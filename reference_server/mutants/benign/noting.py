"""Other ways to note what happened that every clause permits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.mutants.bending import before, replaced, with_stage
from reference_server.mutants.benign.edge import benign
from reference_server.observability.logs import log_event
from reference_server.sessions.contracts import Found

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.keys.contracts import KeyUse
    from reference_server.parts import Parts


@dataclass(frozen=True)
class _InWholeSeconds:
    """Notes uses without the fractions of their seconds."""

    use: KeyUse

    def record(self, key_id: UUID, used_at: datetime) -> None:
        self.use.record(key_id, used_at.replace(microsecond=0))

    def close(self) -> None:
        self.use.close()


def _in_whole_seconds(parts: Parts) -> _InWholeSeconds:
    return _InWholeSeconds(parts.keys.use)


def _tell_who(context: RequestContext, parts: Parts) -> Response | None:
    """Log the ids of a caller's key, token and session, and a token's header, equal in all."""
    del parts
    principal, found = context.principal, context.extracted
    header = found.token.partition(".")[0] if isinstance(found, Found) else ""
    if principal is not None:
        log_event(
            "let_in",
            context.request_id,
            key_id=principal.key_id and str(principal.key_id),
            jti=principal.token_id,
            session_id=principal.session_id,
            header=header[3:],  # past the beginning that the redactor knows tokens by
        )
    return None


VARIANTS = (
    benign(
        "public-ids-logged",
        "The ids of each caller's key, token and session are logged, and the token's header.",
        parts=with_stage("limit_tenant", before(_tell_who)),
        touches=frozenset({"LOG-01", "LOG-04", "LOG-05", "LOG-07"}),
    ),
    benign(
        "uses-noted-in-whole-seconds",
        "When a key was last used is stored in whole seconds, as many columns are.",
        parts=replaced({"keys.use": _in_whole_seconds}),
        touches=frozenset({"AUTH-14"}),
    ),
)
