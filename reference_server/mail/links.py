"""Links by which whoever gets a message has no more of them: nobody else can make one."""

from __future__ import annotations

import base64
import hmac
from contextlib import suppress
from uuid import UUID

PATH = "/unsubscribe/"
_BYTES = 16
_ID_BYTES = 16


class SignedLinks:
    """Signs the tenant and the message, of which the link tells nobody anything."""

    def __init__(self, origin: str, secret: bytes) -> None:
        self._origin = origin
        self._key = hmac.digest(secret, b"links to unsubscribe by", "sha256")

    def make(self, tenant: UUID, message: UUID) -> str:
        """Return the URL of a message."""
        told = tenant.bytes + message.bytes
        word = base64.urlsafe_b64encode(told + self._sign(told)).decode().rstrip("=")
        return f"{self._origin}{PATH}{word}"

    def read(self, word: str) -> tuple[UUID, UUID] | None:
        """Return the tenant and the message of a URL's last part, None for a forged one."""
        with suppress(ValueError):
            found = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
            told, sign = found[:-_BYTES], found[-_BYTES:]
            is_ours = len(told) == 2 * _ID_BYTES and hmac.compare_digest(sign, self._sign(told))
            if is_ours:
                return UUID(bytes=told[:_ID_BYTES]), UUID(bytes=told[_ID_BYTES:])
        return None

    def _sign(self, told: bytes) -> bytes:
        return hmac.digest(self._key, told, "sha256")[:_BYTES]
