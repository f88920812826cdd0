"""Arguments of the profile's tools that name what is the caller's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from conformance.channels.http.lists import listed, uris_of
from conformance.forge.filling import with_filled_in
from conformance.forge.objects import ids_in
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.objects import Identity
    from conformance.profile.sections import ByIdTool, CallOfOnesOwn

IDENTITY = "{id}"
_LAST_PART = re.compile(r"[^/:?=#]+$")


def last_part(uri: str) -> str:
    """Return what a URI ends with, which is the id of an object in most."""
    found = _LAST_PART.search(uri.rstrip("/"))
    return unquote(found[0]) if found else uri


def ids_listed(wire: Wire, tool: ByIdTool | CallOfOnesOwn, key: str) -> list[Identity]:
    """Return the ids that the tool's ``listed_by`` tells its caller; empty where it tells none."""
    return _told(wire, tool, key)[0]


def require_ids(wire: Wire, tool: ByIdTool | CallOfOnesOwn, key: str) -> list[Identity]:
    """Return them where there are any. Raises NotEstablishedError for none."""
    ids, answer = _told(wire, tool, key)
    establish(ids, f"a tenant can list ids of its objects (got {answer})")
    return ids


def _told(wire: Wire, tool: ByIdTool | CallOfOnesOwn, key: str) -> tuple[list[Identity], Answer]:
    answer = wire.call_tool(tool.listed_by or "", {}, key=key)
    return ids_in(answer.data, tool.id_field), answer


def own_arguments(wire: Wire, tool: CallOfOnesOwn, key: str) -> dict[str, Any]:
    """Return the arguments of a tool with the id of the caller's first object in its place.

    It comes from the tool that lists them, or else from the resources that the caller is listed.
    """
    if IDENTITY not in str(tool.arguments):
        return tool.arguments
    if tool.listed_by is not None:
        ids = require_ids(wire, tool, key)
    else:
        ids = [last_part(uri) for uri in uris_of(listed(wire, "resources/list", key))]
        establish(ids, f"a tenant is listed a resource whose id {tool.name} can be told")
    return {
        name: ids[0] if value == IDENTITY else with_filled_in(value, {"id": str(ids[0])})
        for name, value in tool.arguments.items()
    }
