"""Client-id metadata documents that the judge shows, each at a URL of its own, on a listener."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.channels.http.listener import Listener, Reply, hearing
from conformance.channels.oauth.registering import LOOPBACK, PUBLIC, OAuthClient

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.profile.granting import Documents

NAME = "A client by its document"


class DocumentShelf:
    """Shows documents. A client's id is the URL of its own."""

    def __init__(self, listener: Listener, origin: str) -> None:
        self.listener, self.origin = listener, origin

    def place(self) -> str:
        """Return a URL at which there is nothing yet."""
        return f"{self.origin}/{self.listener.word()}/client.json"

    def show(self, url: str, reply: Reply) -> OAuthClient:
        """Answer at a URL; return the client that has it for its id."""
        self.listener.replies[urlsplit(url).path.strip("/")] = reply
        return OAuthClient(url, (LOOPBACK,), PUBLIC, name=NAME)

    def shown(self, url: str | None = None, **changes: Any) -> OAuthClient:
        """Show a document, right but for its changes; None is for an entry that it lacks."""
        url = url or self.place()
        return self.show(url, Reply(written(url, **changes)))

    def moved(self, url: str, other: str) -> OAuthClient:
        """Send whoever asks for a URL on to another one."""
        self.listener.sends_on[urlsplit(url).path.strip("/")] = other
        return OAuthClient(url, (LOOPBACK,), PUBLIC, name=NAME)

    def was_asked_for(self, url: str) -> bool:
        """Tell whether somebody has called a URL."""
        return self.listener.heard(urlsplit(url).path.strip("/").partition("/")[0]) is not None


def written(url: str, **changes: Any) -> bytes:
    """Return the document of a public client whose id is a URL, with changes."""
    told = {
        "client_id": url,
        "client_name": NAME,
        "redirect_uris": [LOOPBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": PUBLIC,
        **changes,
    }
    return json.dumps({name: value for name, value in told.items() if value is not None}).encode()


@contextmanager
def showing(told: Documents) -> Generator[DocumentShelf]:
    """Show documents while the block lasts; raises as ``hearing`` does."""
    parts = urlsplit(told.origin)
    with hearing(parts.hostname or "", parts.port or 80) as listener:
        yield DocumentShelf(listener, told.origin)
