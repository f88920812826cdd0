"""Whether a browser's request comes from a page of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.context import RequestContext

_OWN = frozenset({"same-origin", "none"})


def is_own(context: RequestContext, trusted: Sequence[str]) -> bool:
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
