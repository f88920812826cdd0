"""Webhooks of the provider, signed as Standard Webhooks say, and read.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from reference_server.core.errors import ConfigurationError
from reference_server.mail.composing import MESSAGE_TAG, TENANT_TAG
from reference_server.mail.contracts import Happened, Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.contracts import Clock

ID, TIMESTAMP, SIGNATURE = "svix-id", "svix-timestamp", "svix-signature"
"""Header fields, as Resend sends them."""
TOLERANCE_SECONDS = 300
_PREFIX, _VERSION = "whsec_", "v1"
_LONGEST = 256
_DIGITS = 15


class SignedWebhooks:
    """Takes what is signed by the secret, over the raw body, and of now."""

    def __init__(self, secret: str, clock: Clock) -> None:
        try:
            self._key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise ConfigurationError(
                "The secret MAIL_WEBHOOK_SECRET is not whsec_ and base64: write it as the mail "
                "provider shows it."
            ) from None
        self._clock = clock

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a webhook is the provider's, and of now; names in small letters."""
        identity, stamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
        is_moment = stamp.isascii() and stamp.isdigit() and len(stamp) <= _DIGITS
        if not 0 < len(identity) <= _LONGEST or not is_moment:
            return False
        age = self._clock.now().timestamp() - int(stamp)
        return abs(age) <= TOLERANCE_SECONDS and self.is_signed(headers, body)

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether one of the signatures is right; there are several while a secret changes."""
        signed = f"{headers[ID]}.{headers[TIMESTAMP]}.".encode() + body
        right = base64.b64encode(hmac.digest(self._key, signed, "sha256"))
        shown = [one.partition(",") for one in headers.get(SIGNATURE, "").split(" ")]
        return any(
            version == _VERSION and hmac.compare_digest(right, told.encode("utf-8", "replace"))
            for version, _, told in shown
        )


def read_webhook(body: bytes) -> Told | None:
    """Return what a webhook tells of a message of ours; None where it tells nothing of the kind."""
    try:
        told = json.loads(body)
        data: dict[str, Any] = told["data"]
        happened = _happened(str(told["type"]), data)
        tags = cast("dict[str, Any]", data["tags"])
        tenant, message = UUID(str(tags[TENANT_TAG])), UUID(str(tags[MESSAGE_TAG]))
    except (ValueError, LookupError, TypeError):
        return None
    return None if happened is None else Told(happened, tenant, message)


def _happened(kind: str, data: dict[str, Any]) -> Happened | None:
    if kind == "email.complained":
        return Happened.COMPLAINED
    is_final = kind == "email.bounced" and data["bounce"]["type"] == "Permanent"
    return Happened.FAILED if is_final else None
