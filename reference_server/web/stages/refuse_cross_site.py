"""The stage that keeps other sites from acting with the cookie of whoever visits them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reference_server.core.vocabulary import TokenMethod
from reference_server.sessions.contracts import Found
from reference_server.web.answers import forbidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


def refuse_cross_site(context: RequestContext, parts: Parts) -> Response | None:
    """Refuse with 403 what another site has a browser change by the cookie that it keeps.

    A browser adds a cookie by itself, whoever asks; any other credential is added by whoever holds
    it. ``SameSite`` keeps it from most, this from the rest, such as another port of the same site.
    """
    found = context.extracted
    by_cookie = isinstance(found, Found) and found.method is TokenMethod.COOKIE
    if not by_cookie or context.method in _SAFE or _is_own(context, parts.tokens.origins):
        return None
    return forbidden()


def _is_own(context: RequestContext, trusted: Sequence[str]) -> bool:
    """Tell whether the request comes from a page of ours, or from no browser's page at all.

    Browsers send Sec-Fetch-Site with every request, and those that do not yet send Origin with
    every one that changes something; what sends neither is no browser. An origin is trusted to the
    letter: any port of a machine, which MCP clients may come from, is any user's of that machine.
    """
    sites = _values(context, "sec-fetch-site")
    origins = _values(context, "origin")
    if len(sites) > 1 or len(origins) > 1:
        return False
    if origins and origins[0] in trusted:
        return True
    if sites:
        return sites[0] in _OWN
    return not origins or [urlsplit(origins[0]).netloc] == _values(context, "host")


def _values(context: RequestContext, name: str) -> list[str]:
    return [value for key, value in context.headers if key.lower() == name]
