"""The stage that keeps other sites from acting with the cookie of whoever visits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import TokenMethod
from reference_server.sessions.contracts import Found
from reference_server.web.answers import forbidden
from reference_server.web.own_pages import is_own

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_cross_site(context: RequestContext, parts: Parts) -> Response | None:
    """Refuse with 403 what another site has a browser change by the cookie that it keeps.

    A browser adds a cookie by itself, whoever asks; any other credential is added by whoever holds
    it. ``SameSite`` keeps it from most, this from the rest, such as another port of the same site.
    """
    found = context.extracted
    by_cookie = isinstance(found, Found) and found.method is TokenMethod.COOKIE
    if not by_cookie or context.method in _SAFE or is_own(context, parts.tokens.origins):
        return None
    return forbidden()
