"""Resources with each kind of content, by URI and by template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.core.errors import UnknownObjectError
from reference_server.demo.everything.content import PIXEL
from reference_server.resources.contracts import ListedResource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.tools.contracts import Caller


@dataclass(frozen=True)
class OneResource:
    """A family of one resource, the same for everybody; its template is its URI."""

    uri_template: str
    name: str
    description: str
    mime_type: str
    content: str

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """Return the one, unless the list is past it."""
        del caller
        listed = [ListedResource(self.uri_template, self.name, self.uri_template, self.description)]
        return [] if position else listed[:count]

    def read(self, uri: str, caller: Caller) -> str:
        """Return its content."""
        del caller
        if uri != self.uri_template:
            raise UnknownObjectError("resource")
        return self.content

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Return nothing: there is no variable."""
        del beginning, caller
        return ()


@dataclass(frozen=True)
class OneBinary(OneResource):
    """The same, of bytes: the content is in base64."""

    is_binary: bool = True


@dataclass(frozen=True)
class Templated:
    """Resources that are not listed, since every id has one."""

    uri_template: str = "test://template/{id}/data"
    name: str = "template"
    description: str = "The data for any id."
    mime_type: str = "application/json"

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """Return nothing."""
        del position, count, caller
        return ()

    def read(self, uri: str, caller: Caller) -> str:
        """Return ``{id, templateTest, data}`` as JSON."""
        del caller
        before, _, after = self.uri_template.partition("{id}")
        identity = uri.removeprefix(before).removesuffix(after)
        if not identity or uri != f"{before}{identity}{after}":
            raise UnknownObjectError("resource")
        return json.dumps(
            {"id": identity, "templateTest": True, "data": f"Data for ID: {identity}"}
        )

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Return what was begun: every id has a resource."""
        del caller
        return [beginning] if beginning else []


RESOURCES = (
    OneResource(
        "test://static-text",
        "static-text",
        "A text.",
        "text/plain",
        "This is the content of the static text resource.",
    ),
    OneBinary("test://static-binary", "static-binary", "An image.", "image/png", PIXEL),
    OneResource(
        "test://watched-resource",
        "watched-resource",
        "A text to subscribe to.",
        "text/plain",
        "Nothing has happened yet.",
    ),
    Templated(),
)
