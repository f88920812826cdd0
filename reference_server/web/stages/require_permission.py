"""The stage that refuses by default: a URL opens only to the kind of caller it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access
from reference_server.web.answers import forbidden

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def require_permission(context: RequestContext, parts: Parts) -> Response | None:
    """Refuse with 403 unless the stages before have established what the URL asks for.

    It also holds when ``authenticate`` is missing from a pipeline: nobody is let in by omission.
    """
    del parts
    opened = {
        Access.LIVENESS: True,
        Access.PUBLIC: True,
        Access.BROWSER: True,
        Access.KEY: context.principal is not None,
        Access.ADMIN: context.is_admin,
    }
    return None if opened[context.access] else forbidden()
