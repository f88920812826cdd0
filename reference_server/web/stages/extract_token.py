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
    """Keep the admin token of an admin URL, the API key of any other; never refuses."""
    reader = ADMIN_TOKEN if context.access is Access.ADMIN else parts.keys.reader
    context.credential = reader.read(context.headers)
    return None
