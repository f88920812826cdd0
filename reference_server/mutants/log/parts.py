"""Defects of what is told of tokens, to tell one from another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import TokenMethod
from reference_server.mutants.bending import before, mutant, with_stage
from reference_server.observability.logs import log_event
from reference_server.sessions.contracts import Found

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

    Told = Callable[[str], str]

BY_TOKEN = frozenset({TokenMethod.AUTHORIZATION, TokenMethod.COOKIE})


def _telling(
    told: Told, *methods: TokenMethod
) -> Callable[[RequestContext, Parts], Response | None]:
    def tell(context: RequestContext, parts: Parts) -> Response | None:
        del parts
        found = context.extracted
        if isinstance(found, Found) and found.method in (methods or BY_TOKEN):
            log_event("asked", context.request_id, who=told(found.token))
        return None

    return tell


def _part(token: str, place: int) -> str:
    """Return the header, the claims or the signature; nothing of what has no such parts."""
    parts = token.split(".")
    return parts[place] if len(parts) == 3 else ""  # noqa: PLR2004 -- as RFC 7515 has it


def _of_a_word(word: str) -> str:
    return word.partition("sig=")[2][:10]


MUTANTS = (
    mutant(
        "token-signature-beginnings-logged",
        "LOG-07",
        "The first ten characters of each session token's signature are logged.",
        parts=with_stage("authenticate", before(_telling(lambda token: _part(token, 2)[:10]))),
    ),
    mutant(
        "token-claims-logged",
        "LOG-07",
        "The claims of each session token are logged as they are encoded, past their beginning.",
        # The redactor knows JSON in base64url by how it begins.
        parts=with_stage("authenticate", before(_telling(lambda token: _part(token, 1)[3:]))),
    ),
    mutant(
        "cookie-endings-logged",
        "LOG-07",
        "The last eight characters of a session's cookie are logged, though not of a bearer token.",
        parts=with_stage(
            "authenticate",
            before(_telling(lambda token: _part(token, 2)[-8:], TokenMethod.COOKIE)),
        ),
    ),
    mutant(
        "proxy-signature-beginnings-logged",
        "LOG-07",
        "The first ten characters of a proxy's signature are logged.",
        parts=with_stage("authenticate", before(_telling(_of_a_word, TokenMethod.PROXY))),
    ),
)
