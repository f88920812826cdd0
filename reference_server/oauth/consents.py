"""The seal of a page that asks for consent: what is decided is what was shown, and to whom.

A form of another site's holds no seal, and one of another session's or request's does not open. A
session's id is in it, so that it ends with the session (RFC 9700 section 4.7.1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from reference_server.core.text import base64url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.contracts import Clock
    from reference_server.core.principal import Principal

_PURPOSE = b"hallmark: consent to oauth clients"
LONGEST = 16 * 1024
"""Characters of a seal that are looked at: a request has fewer parameters than fit in one."""


class Consents:
    """Seals the parameters of a request for the session that was asked, for some seconds."""

    def __init__(self, secret: bytes, clock: Clock, seconds: int) -> None:
        # A key of its own for this purpose: what it seals is good for nothing else.
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
        self._clock = clock
        self._seconds = seconds

    def seal(self, principal: Principal, asked: Mapping[str, str]) -> str:
        """Return what the form holds."""
        ends = int(self._clock.now().timestamp()) + self._seconds
        body = base64url(json.dumps([ends, dict(asked)]).encode())
        return f"{body}.{self._mac(principal, body)}"

    def open(self, principal: Principal, sealed: str) -> dict[str, str] | None:
        """Return the parameters; None for a seal that is forged, too old, or somebody else's."""
        body, _, mac = sealed.partition(".")
        if len(sealed) > LONGEST or not sealed.isascii():
            return None
        if not hmac.compare_digest(mac, self._mac(principal, body)):
            return None
        try:
            ends, asked = json.loads(base64.urlsafe_b64decode(body + "=" * 3))
        except (ValueError, binascii.Error):
            return None
        return asked if self._clock.now().timestamp() < ends else None

    def _mac(self, principal: Principal, body: str) -> str:
        whose = f"{principal.tenant_id} {principal.token_id}"
        return base64url(hmac.digest(self._key, f"{whose} {body}".encode(), hashlib.sha256))
