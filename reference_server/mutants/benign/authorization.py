"""The authorization server in other forms that every clause permits."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.mutants.benign.edge import benign
from reference_server.mutants.oauth.authorizing import AUTHORIZE, Asked, at_the_door
from reference_server.mutants.oauth.consents import deciding, framed_by_header, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply

_BAD, _SEE_OTHER = 400, 303
_BACK = re.compile(rb'<a class="button" rel="noreferrer" href="([^"]+)"')
_TOUCHED = frozenset({"OAUTH-06", "OAUTH-12", "OAUTH-14", "OAUTH-15", "OAUTH-20"})


def _remembered() -> Callable[[Asked], bool]:
    """Return what takes for approved what the same browser has approved for the same client."""
    known: set[tuple[bytes, str]] = set()
    asked: dict[bytes, str] = {}

    def is_decided(request: Asked) -> bool:
        cookie, client = names(request), request.get("client_id")
        if client is not None:
            asked[cookie] = client
        elif request.get("decision") == "allow" and cookie in asked:
            known.add((cookie, asked[cookie]))
        return client is not None and (cookie, client) in known

    return is_decided


def _sent_back(reply: Reply, request: Asked) -> Reply:
    """Have an error be sent to the client where the page only offers the way."""
    found = _BACK.search(reply.body)
    if request.path != AUTHORIZE or reply.status != _BAD or found is None:
        return reply
    place = html.unescape(found[1].decode()).encode()
    return replace(reply.with_field(b"location", place), status=_SEE_OTHER, body=b"")


VARIANTS = (
    benign(
        "consent-remembered",
        "Who has approved a client is not asked about the same client again.",
        parts=deciding(_remembered()),
        touches=_TOUCHED,
    ),
    benign(
        "errors-sent-to-clients",
        "An error goes to the client's registered redirect URI by itself.",
        parts=at_the_door(answered=_sent_back),
        touches=_TOUCHED,
    ),
    benign(
        "frames-forbidden-by-a-header",
        "The page that asks for consent forbids frames by X-Frame-Options alone.",
        parts=at_the_door(answered=framed_by_header),
        touches=_TOUCHED,
    ),
)
