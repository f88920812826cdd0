"""Defects of what a response says of who gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from reference_server.mutants.bending import mutant
from reference_server.mutants.oauth.authorizing import AUTHORIZE, Asked, at_the_door
from reference_server.mutants.oauth.metadata import lacking
from reference_server.web.oauth_paths import SERVER_METADATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts

    Pairs = list[tuple[str, str]]


def _told(change: Callable[[Pairs], Pairs]) -> Callable[[Parts], Parts]:
    """Return a change of parts in which the parameters of responses are others."""

    def answered(reply: Reply, request: Asked) -> Reply:
        place = reply.field(b"location").decode()
        if request.path != AUTHORIZE or "?" not in place:
            return reply
        bare, _, query = place.partition("?")
        told = urlencode(change(parse_qsl(query)))
        return reply.with_field(b"location", f"{bare}?{told}".encode())

    return at_the_door(answered=answered)


def _without(told: Pairs) -> Pairs:
    return [pair for pair in told if pair[0] != "iss"]


MUTANTS = (
    mutant(
        "responses-without-their-issuer",
        "OAUTH-15",
        "No response says whose it is.",
        parts=_told(_without),
    ),
    mutant(
        "errors-without-their-issuer",
        "OAUTH-15",
        "A response with an error does not say whose it is.",
        parts=_told(lambda told: _without(told) if "error" in dict(told) else told),
    ),
    mutant(
        "responses-of-an-issuer-with-a-slash",
        "OAUTH-15",
        "Responses name the issuer with a slash at the end, which is another one.",
        parts=_told(lambda told: [(k, f"{v}/" if k == "iss" else v) for k, v in told]),
    ),
    mutant(
        "issuer-of-responses-unsaid",
        "OAUTH-15",
        "The metadata do not say that responses name their issuer.",
        parts=lacking(SERVER_METADATA, "authorization_response_iss_parameter_supported"),
    ),
)
