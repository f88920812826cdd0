"""What a request presents as its credential, by whichever way; nothing is judged here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def read_presented(context: RequestContext, parts: Parts) -> None:
    """Keep the API key, or what came of looking for a session token.

    Whoever sends an API key's header, in whatever form, presents nothing else.
    """
    context.credential = parts.keys.reader.read(context.headers)
    extractor = parts.tokens.extractor
    if context.credential is None and not extractor.yields(context.headers):
        context.extracted = extractor.extract(context.headers, is_mcp=context.is_mcp)
