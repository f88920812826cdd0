"""The cookies that browsers keep: of a session, and of a login under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reference_server.core.vocabulary import TokenMethod

if TYPE_CHECKING:
    from flask import Response

    from reference_server.parts import Parts

SameSite = Literal["Strict", "Lax"]


def set_cookie(
    response: Response, name: str, value: str, seconds: int, same_site: SameSite
) -> None:
    """Have a browser keep a cookie, out of reach of any script; none where it has no value."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite=same_site
    )


def set_session_cookie(
    parts: Parts, response: Response, token: str, seconds: int, same_site: SameSite = "Strict"
) -> None:
    """Have browsers keep the token of a session, where a cookie is looked at."""
    if TokenMethod.COOKIE in parts.tokens.extractor.methods:
        set_cookie(response, parts.tokens.cookie, token, seconds, same_site)
