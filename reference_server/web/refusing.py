"""The refusal of whoever could not be let in: it depends on what he sent, and on nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access
from reference_server.sessions.contracts import Found
from reference_server.web.answers import unauthorized

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def refuse_caller(context: RequestContext, parts: Parts) -> Response:
    """Return the 401 for a request, whichever stage has found out that it must be refused.

    What was extracted is found out anew, since a block refuses before anything is extracted.
    """
    if context.access is Access.ADMIN:
        return unauthorized()
    extractor = parts.tokens.extractor
    extracted = extractor.extract(context.headers, is_mcp=context.is_mcp)
    if isinstance(extracted, Found) and extractor.yields(context.headers):
        return unauthorized()  # it was the key that did not count, and the token was not looked at
    return unauthorized(extracted)
