"""The stage that gives the request its id and finds out what its URL asks of a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from reference_server.core.vocabulary import Access

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

PUBLIC = frozenset(
    (method, path) for method in ("GET", "HEAD") for path in ("/health", "/auth/_placeholder")
)
"""What may be asked without any credential. A path that is not spelt exactly so is not public."""


def identify_request(context: RequestContext, parts: Parts) -> Response | None:
    """Name the request and classify its URL; never refuses.

    The id is always ours: one taken from the caller could point at someone else's audit rows.
    """
    del parts
    context.request_id = str(uuid4())
    context.access = access_of(context.method, context.path)
    return None


def access_of(method: str, path: str) -> Access:
    """Return what the URL asks for: the strictest answer, a key, unless it is listed."""
    if (method, path) in PUBLIC:
        return Access.PUBLIC
    if path == "/admin" or path.startswith("/admin/"):
        return Access.ADMIN
    return Access.KEY
