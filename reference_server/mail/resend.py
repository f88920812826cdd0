"""Resend, by its HTTP API (https://resend.com/docs/api-reference/emails/send-email)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from reference_server.mail.contracts import FailedMailError
from reference_server.outbound.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "https://api.resend.com"


class Line(Protocol):
    """What carries requests to the provider."""

    def post_json(self, url: str, document: Any, headers: Mapping[str, str]) -> bytes:
        """Return what a document is answered with; DocumentError where it is not taken."""
        ...


class Resend:
    """Sends one message a request."""

    def __init__(self, line: Line, api: str, key: str) -> None:
        self._line, self._api, self._key = line, api, key

    def send(self, document: Mapping[str, Any]) -> None:
        """Hand a message over; FailedMailError where it is not taken."""
        try:
            self._line.post_json(
                f"{self._api}/emails", document, {"Authorization": f"Bearer {self._key}"}
            )
        except DocumentError as error:
            raise FailedMailError(str(error)) from error
