"""The refusal of whoever could not be let in: it depends on what he sent, and on nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access, TokenMethod
from reference_server.keys.lookup import look_up
from reference_server.sessions.contracts import Found
from reference_server.web.answers import unauthorized
from reference_server.web.presented import read_presented

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def refuse_caller(context: RequestContext, parts: Parts) -> Response:
    """Return the 401 for a request, whichever stage has found out that it must be refused.

    What came of looking for a token is told also where a key came first, or where a block refuses
    before anybody has looked.
    """
    if context.access is Access.ADMIN:
        return unauthorized()
    extractor = parts.tokens.extractor
    extracted = context.extracted
    if extracted is None:
        extracted = extractor.extract(context.headers, is_mcp=context.is_mcp)
    if isinstance(extracted, Found) and extractor.yields(context.headers):
        return unauthorized()  # it was the key that did not count, and the token was not looked at
    return unauthorized(extracted)


def take_as_long(context: RequestContext, parts: Parts) -> None:
    """Do for a caller who is refused unheard what it takes to find out who he is.

    StorageUnavailableError as for anybody else.
    """
    read_presented(context, parts)
    found = context.extracted
    if not isinstance(found, Found):
        look_up(parts.keys, context.credential, parts.clock.now())
    elif found.method is not TokenMethod.PROXY:  # to verify a proxy's word would use it up
        parts.tokens.validator.validate(found.token)
