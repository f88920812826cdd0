"""Other ways to hold a trail to what it was, each as good as the first."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.errors import StorageUnavailableError
from reference_server.mutants.bending import replaced, trail_of
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from reference_server.audit.contracts import AuditEvent

_REPORTED = "was set back"


class _Reporting(SqlAuditTrail):
    """Reports a trail that was set back, in the log, and goes on with it; it anchors no more."""

    def write(self, *events: AuditEvent) -> None:
        try:
            super().write(*events)
        except StorageUnavailableError as error:
            if _REPORTED not in str(error.__cause__):
                raise
            self.anchors = self.links.newest = None
            super().write(*events)


def _watched(state: dict[str, Any]) -> dict[str, Any]:
    """Have the log watched for the report."""
    look = f"! grep --quiet '{_REPORTED}' {shlex.quote(state['log_file'])}"
    return state | {"operations": state["operations"] | {"alarm": ["sh", "-c", look]}}


VARIANTS = (
    benign(
        "trail-set-back-is-reported",
        "A server whose trail was set back goes on, and an alarm is raised by its log.",
        parts=replaced({"trail": partial(trail_of, _Reporting)}),
        state=_watched,
        touches=frozenset({"AUD-15"}),
    ),
    benign(
        "trail-written-by-the-runtime-role-itself",
        "The runtime role may add rows to the trail, and move its head, without any function.",
        sql=(
            "GRANT INSERT ON audit_log TO mcp_app",
            "GRANT SELECT, UPDATE (position, digest, seal) ON audit_head TO mcp_app",
        ),
        touches=frozenset({"AUD-05"}),
    ),
)
