"""What a family of MCP resources is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.tools.contracts import Caller


@dataclass(frozen=True)
class ListedResource:
    """A resource as a list tells of it. ``position`` sorts it within its family."""

    uri: str
    name: str
    position: str
    description: str | None = None


class ResourceFamily(Protocol):
    """Resources under one URI template. Its methods are synchronous, run in a worker thread.

    None of them takes a tenant: whose they are follows from the caller alone.
    """

    @property
    def uri_template(self) -> str:
        """An RFC 6570 template with one variable, such as ``metric://{metricId}``.

        A family of one resource has that one's URI instead.
        """
        ...

    @property
    def name(self) -> str:
        """What one of them is called by programs."""
        ...

    @property
    def description(self) -> str:
        """What one of them holds, for the model that chooses."""
        ...

    @property
    def mime_type(self) -> str:
        """What `read` returns."""
        ...

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """Return at most ``count`` of the caller's behind ``position`` ("" for the first)."""
        ...

    def read(self, uri: str, caller: Caller) -> str:
        """Return the text; UnknownObjectError for what is absent and what is another tenant's."""
        ...

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Return values of the template's variable that begin so, of the caller's own only."""
        ...


@runtime_checkable
class BinaryFamily(ResourceFamily, Protocol):
    """A family of bytes: ``read`` returns them in base64, as the protocol carries them."""

    @property
    def is_binary(self) -> bool:
        """Return True."""
        ...
