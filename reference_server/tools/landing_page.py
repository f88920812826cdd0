"""The tool `check_landing_page`: tells whether the page that an advertisement leads to answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller


class Page(Protocol):
    """What a page answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def content_type(self) -> str:
        """The media type, as the page tells it."""
        ...


class PageFetcher(Protocol):
    """Fetches pages of the public internet."""

    def fetch(self, url: str) -> Page:
        """Return what the URL answered; RefusedUrlError where it is not to be asked."""
        ...


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"url": {"type": "string", "format": "uri", "maxLength": 2000}},
        "required": ["url"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class LandingPage:
    """Asks for the page once and follows no redirect: where one leads is the caller's to ask."""

    pages: PageFetcher
    name: str = "check_landing_page"
    description: str = "Whether the public page that an advertisement leads to answers, and how."
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{status, contentType}``; RefusedUrlError for a URL that is not to be asked."""
        del caller
        page = self.pages.fetch(arguments["url"])
        return {"status": page.status, "contentType": page.content_type}
