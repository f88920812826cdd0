"""The stage that takes the credential out of the request; it judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access
from reference_server.keys.reader import HeaderKeyReader

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

ADMIN_TOKEN = HeaderKeyReader("X-Admin-Token")


def extract_token(context: RequestContext, parts: Parts) -> Response | None:
    """Keep the admin token of an admin URL, the API key or session token of any other.

    Whoever sends an API key's header, in whatever form, presents nothing else. Never refuses.
    """
    if context.access is Access.ADMIN:
        context.credential = ADMIN_TOKEN.read(context.headers)
        return None
    context.credential = parts.keys.reader.read(context.headers)
    extractor = parts.tokens.extractor
    if context.credential is None and not extractor.yields(context.headers):
        context.extracted = extractor.extract(context.headers, is_mcp=context.is_mcp)
    return None
