"""Resources: listed in pages, and read, as the caller may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import mcp_types as types

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import EventType
from reference_server.protocol.desk import LONGEST_NAME, Act
from reference_server.protocol.pages import refuse_cursor
from reference_server.resources.contracts import BinaryFamily

if TYPE_CHECKING:
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call, Desk
    from reference_server.resources.contracts import ListedResource, ResourceFamily
    from reference_server.tools.contracts import Caller

LISTING = "resources"
"""What a cursor of `resources/list` belongs to."""


class ResourceDesk:
    """Serves `resources/list`, `resources/templates/list` and `resources/read`."""

    def __init__(self, parts: Parts, desk: Desk) -> None:
        self._parts = parts
        self._desk = desk
        self._families = tuple(parts.mcp.resources)

    async def list_resources(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Return a page of the caller's own resources; MCPError for another's cursor."""
        cursor = params.cursor if params else None
        act = Act(EventType.LIST_REFUSED, {"list": LISTING}, tells_success=False)
        return await self._desk.run(call, act, lambda caller: self._page(cursor, caller))

    async def list_templates(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Return every template: all tenants have the same, on one page, and nobody has none."""
        refuse_cursor(params)
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    name=family.name,
                    uri_template=family.uri_template,
                    description=family.description,
                    mime_type=family.mime_type,
                )
                for family in self._reached(self._desk.caller_of(call))
                if "{" in family.uri_template
            ]
        )

    async def read_resource(
        self, call: Call, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Return a resource's content; MCPError for what is absent and what is another tenant's."""
        uri = str(params.uri)
        act = Act(EventType.RESOURCE_READ, {"resource": uri[:LONGEST_NAME]})
        return await self._desk.run(call, act, lambda caller: self._read(uri, caller))

    def find(self, uri: str, caller: Caller) -> ResourceFamily:
        """Return the family that the URI belongs to; UnknownObjectError when there is none."""
        for family in self._reached(caller):
            if uri.startswith(family.uri_template.partition("{")[0]):
                return family
        raise UnknownObjectError("resource")

    def _read(self, uri: str, caller: Caller) -> types.ReadResourceResult:
        family = self.find(uri, caller)
        text, kind = family.read(uri, caller), family.mime_type
        if isinstance(family, BinaryFamily):
            contents = types.BlobResourceContents(uri=uri, mime_type=kind, blob=text)
        else:
            contents = types.TextResourceContents(uri=uri, mime_type=kind, text=text)
        return types.ReadResourceResult(contents=[contents])

    def _reached(self, caller: Caller) -> tuple[ResourceFamily, ...]:
        """Return the families that there are for a caller."""
        return self._families if self._desk.reaches_data(caller) else ()

    def _page(self, cursor: str | None, caller: Caller) -> types.ListResourcesResult:
        owner = self._parts.mcp.session_owner(caller.principal)
        place, position = 0, ""
        if cursor is not None:
            held = self._parts.mcp.cursors.read(cursor, LISTING, owner)
            place, position = json.loads(held)
        size, families = self._parts.mcp.page_size, self._reached(caller)
        found: list[tuple[int, ListedResource]] = []
        while place < len(families) and len(found) <= size:
            wanted = size + 1 - len(found)
            listed = families[place].list_after(position, wanted, caller)
            found += [(place, one) for one in listed]
            place, position = place + 1, ""
        page = found[:size]
        following = None
        if len(found) > size:
            last, entry = page[-1]
            held = json.dumps([last, entry.position])
            following = self._parts.mcp.cursors.issue(LISTING, owner, held)
        return types.ListResourcesResult(
            resources=[self._describe(*one) for one in page], next_cursor=following
        )

    def _describe(self, place: int, listed: ListedResource) -> types.Resource:
        family = self._families[place]
        return types.Resource(
            uri=listed.uri,
            name=listed.name,
            description=listed.description,
            mime_type=family.mime_type,
        )
