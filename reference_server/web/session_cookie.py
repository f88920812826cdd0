"""The cookie that a browser keeps its session in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import TokenMethod

if TYPE_CHECKING:
    from flask import Response

    from reference_server.parts import Parts


def set_session_cookie(parts: Parts, response: Response, token: str, seconds: int) -> None:
    """Have browsers keep the token, out of reach of any script, where a cookie is looked at."""
    if TokenMethod.COOKIE not in parts.tokens.extractor.methods:
        return
    response.set_cookie(
        parts.tokens.cookie,
        token,
        max_age=seconds,
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )
