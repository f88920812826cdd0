"""Decides whether an admin token is the right one."""

from __future__ import annotations

import hashlib
import hmac
import secrets


class AdminTokenGate:
    """Compares digests under a key of its own, so that neither content nor length shows in time."""

    def __init__(self, token: bytes) -> None:
        self._key = secrets.token_bytes(32)
        self._expected = self._digest(token)

    def admits(self, presented: str | None) -> bool:
        """Compare in constant time; a missing token costs what a wrong one costs."""
        candidate = self._digest((presented or "").encode())
        return hmac.compare_digest(candidate, self._expected) and presented is not None

    def _digest(self, token: bytes) -> bytes:
        return hmac.new(self._key, token, hashlib.sha256).digest()
