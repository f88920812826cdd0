"""Benign variants that look at the Host field before anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from reference_server.mutants.benign.edge import App, Receive, Scope, Send

_WELL_FORMED = re.compile(rb"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


def _strict(app: App) -> App:
    """Answer 400, as RFC 9112 section 3.2 asks, where there is not one well-formed Host."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = [value for name, value in scope["headers"] if name == b"host"]
            if len(asked) != 1 or not _WELL_FORMED.fullmatch(asked[0]):
                fields = [(b"content-length", b"0")]
                await send({"type": "http.response.start", "status": 400, "headers": fields})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return edge


VARIANTS = (
    benign(
        "malformed-host-refused-first",
        "A Host that is malformed or repeated gets 400 before any key is read.",
        parts=replaced({"web.edge": lambda _: _strict}),
    ),
)
