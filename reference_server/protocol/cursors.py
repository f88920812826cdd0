"""Cursors of lists: opaque, and of use to one principal, for the list that they go on with."""

from __future__ import annotations

import hashlib
import hmac
import json

from mcp.server.request_state import AESGCMRequestStateCodec, InvalidRequestState

from reference_server.protocol.desk import RefusedError

_PURPOSE = b"hallmark: cursors of lists"


class SealedCursors:
    """Seals a position with the list and the principal that it belongs to (AES-256-GCM)."""

    def __init__(self, secret: bytes) -> None:
        # A key of its own for this purpose: what it seals opens nothing else.
        self._codec = AESGCMRequestStateCodec([hmac.digest(secret, _PURPOSE, hashlib.sha256)])

    def issue(self, listing: str, owner: str, position: str) -> str:
        """Return the cursor that goes on behind ``position``."""
        return self._codec.seal(json.dumps([listing, owner, position]).encode())

    def read(self, cursor: str, listing: str, owner: str) -> str:
        """Return the position; RefusedError for a cursor that is forged or somebody else's."""
        try:
            held = json.loads(self._codec.unseal(cursor))
        except InvalidRequestState as error:
            raise RefusedError("There is no such cursor.") from error
        if held[:2] != [listing, owner]:
            raise RefusedError("There is no such cursor.")
        return held[2]
