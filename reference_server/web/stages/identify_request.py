"""The stage that gives the request its id and finds out what its URL asks of a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from reference_server.core.vocabulary import Access
from reference_server.web.mail_paths import mail_access_of
from reference_server.web.oauth_paths import oauth_access_of

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

LIVENESS = frozenset({"/health", "/ready"})
"""What monitors ask, to which no guard applies: neither costs anything, however often it is asked,
since what readiness has found counts for a while."""
PUBLIC = frozenset({"/auth/_placeholder", "/login", "/login/callback"})
"""What may be read without any credential. A path that is not spelt exactly so is not public."""
READING = frozenset({"GET", "HEAD"})


def identify_request(context: RequestContext, parts: Parts) -> Response | None:
    """Name the request and classify its URL; never refuses.

    The id is always ours: one taken from the caller could point at someone else's audit rows.
    """
    context.request_id = str(uuid4())
    context.access = access_of(context.method, context.path)
    if parts.oauth.authorization is not None:
        own = oauth_access_of(context.method, context.path)
        context.access = context.access if own is None else own
    if parts.mail is not None:
        own = mail_access_of(context.method, context.path)
        context.access = context.access if own is None else own
    return None


def access_of(method: str, path: str) -> Access:
    """Return what the URL asks for: the strictest answer, a key, unless it is listed."""
    if method in READING and path in LIVENESS:
        return Access.LIVENESS
    if method in READING and path in PUBLIC:
        return Access.PUBLIC
    if path == "/admin" or path.startswith("/admin/"):
        return Access.ADMIN
    return Access.KEY
