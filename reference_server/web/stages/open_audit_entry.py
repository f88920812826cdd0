"""The last stage: what has happened so far is durable before the request goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def open_audit_entry(context: RequestContext, parts: Parts) -> Response | None:
    """Store the waiting rows; StorageUnavailableError, and so 503, when the trail cannot."""
    waiting, context.events = context.events, []
    # Until the rows are stored: should that fail, nobody need try the same trail again.
    context.is_unaudited = True
    if waiting:
        parts.trail.write(*(context.attribute(event) for event in waiting))
    context.is_unaudited = False
    return None
