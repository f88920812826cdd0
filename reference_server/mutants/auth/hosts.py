"""Defects of guards that believe what a request says of its host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reference_server.mutants.auth.doors import skip
from reference_server.mutants.bending import header, mutant, replaced, with_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.context import RequestContext
    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts

_ASKED = b"x-asked-host"


def _tidied(app: App) -> App:
    """Hand on the host's name alone, as a lenient front does, and what was asked beside it."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = [value for name, value in scope["headers"] if name == b"host"]
            kept = [pair for pair in scope["headers"] if pair[0] not in {b"host", _ASKED}]
            name = re.split(rb"[/?#@\\]", asked[0])[0] if asked else b""
            fields = [*kept, (b"host", name), (_ASKED, asked[-1] if asked else b"")]
            scope = {**scope, "headers": fields}
        await app(scope, receive, send)

    return edge


def _believing(skips: Callable[[RequestContext], bool]) -> Callable[[Parts], Parts]:
    def bend(parts: Parts) -> Parts:
        guarded = with_stage("authenticate", skip(skips))(parts)
        return replaced({"web.edge": lambda _: _tidied})(guarded)

    return bend


def _asked(context: RequestContext) -> str:
    return header(context, _ASKED.decode()) or ""


def _path_is_health(context: RequestContext) -> bool:
    try:
        return urlsplit(f"http://{_asked(context)}{context.path}").path == "/health"
    except ValueError:
        return False


def _has_userinfo(context: RequestContext) -> bool:
    return "@" in _asked(context)


MUTANTS = (
    mutant(
        "path-built-from-host",
        "AUTH-18",
        "The guard reads the path from a URL that begins with the Host field.",
        parts=_believing(_path_is_health),
    ),
    mutant(
        "userinfo-in-host-believed",
        "AUTH-18",
        "A Host with user information counts as a credential.",
        parts=_believing(_has_userinfo),
    ),
)
