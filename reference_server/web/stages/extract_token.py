"""The stage that takes the credential out of the request; it judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access
from reference_server.keys.reader import HeaderKeyReader
from reference_server.web.presented import read_presented

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

ADMIN_TOKEN = HeaderKeyReader("X-Admin-Token")


def extract_token(context: RequestContext, parts: Parts) -> Response | None:
    """Keep the admin token of an admin URL, the API key or session token of any other.

    Never refuses.
    """
    if context.access is Access.ADMIN:
        context.credential = ADMIN_TOKEN.read(context.headers)
        return None
    read_presented(context, parts)
    return None
