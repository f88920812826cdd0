"""Webhooks of a mail provider: signed as Standard Webhooks say, or spoilt in one way.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, and the
events of Resend (https://resend.com/docs/webhooks/emails/bounced).
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.forge.requests import Request
from conformance.profile.mail import SECRET_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.profile.mail import MailWebhook

KEY_BYTES = 24
_TOO_FAR = 300
"""Seconds beyond what is tolerated: more than two clocks differ by."""


class Failure(StrEnum):
    """What a provider tells of a message that was not delivered."""

    PERMANENT = "Permanent"
    TEMPORARY = "Transient"


def event_of(
    message: str,
    sender: str,
    recipients: Sequence[str],
    tags: Mapping[str, str],
    failure: Failure,
    now: float,
) -> bytes:
    """Return the body of a webhook that tells of a message's failure."""
    moment = datetime.fromtimestamp(now, UTC).isoformat()
    told = {
        "type": "email.bounced",
        "created_at": moment,
        "data": {
            "email_id": message,
            "created_at": moment,
            "from": sender,
            "to": list(recipients),
            "subject": "a message",
            "tags": dict(tags),
            "bounce": {
                "type": failure.value,
                "subType": "General",
                "message": "The recipient's server said no.",
            },
        },
    }
    return json.dumps(told, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Webhook:
    """A webhook as of ``now``; ``secret`` is what signs it, the profile's where it is empty."""

    form: MailWebhook
    body: bytes
    now: float
    id: str = field(default_factory=lambda: f"msg_{secrets.token_urlsafe(18)}")
    secret: str = field(default="", repr=False)

    @property
    def timestamp(self) -> str:
        """When it was sent, in seconds since 1970."""
        return str(int(self.now))

    @property
    def signature(self) -> str:
        """Its signature, with the version of the scheme."""
        secret = self.secret or self.form.secret
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
        signed = f"{self.id}.{self.timestamp}.".encode() + self.body
        return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()

    def request(
        self,
        *,
        body: bytes | None = None,
        identity: str | None = None,
        timestamp: str | None = None,
        signature: str | None = None,
    ) -> Request:
        """Return the request; what is named was changed after the signature was made.

        An empty signature leaves its header out.
        """
        headers = [
            ("Content-Type", "application/json"),
            (
                "User-Agent",
                "Svix-Webhooks/1.62.0 (sender-9YMgn; +https://www.svix.com/http-sender/)",
            ),
            (self.form.id_header, identity or self.id),
            (self.form.timestamp_header, timestamp or self.timestamp),
        ]
        shown = self.signature if signature is None else signature
        headers += [(self.form.signature_header, shown)] if shown else []
        return Request("POST", self.form.path, tuple(headers), self.body if body is None else body)

    def spoilt(self, other: bytes) -> Iterator[tuple[str, Request]]:
        """Yield what is wrong with a webhook, and its request: each time one thing.

        ``other`` is the body of another webhook of the kind.
        """
        elsewhere = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        digest = self.signature.partition(",")[2]
        yield "signed with another secret", replace(self, secret=elsewhere).request()
        yield "without a signature", self.request(signature="")
        yield "with a signature that is empty", self.request(signature="v1,")
        yield "with half its signature", self.request(signature=f"v1,{digest[:20]}")
        yield "with another's signature", replace(self, body=other).request(body=self.body)
        yield "with another identifier", self.request(identity=f"msg_{secrets.token_urlsafe(18)}")
        yield "with another time", self.request(timestamp=str(int(self.now) + 1))
        yield "with a signature of no known version", self.request(signature=f"v0,{digest}")
        beyond = self.form.tolerance_seconds + _TOO_FAR
        for what, seconds in (("old", -beyond), ("early", beyond)):
            yield f"sent too {what}", replace(self, now=self.now + seconds).request()
        for word in ("0", "nan", "Infinity"):
            yield f"with {word} for its time", self._timed(word)

    def _timed(self, word: str) -> Request:
        """Return a request that is signed over a word in the place of its time."""
        secret = base64.b64decode(self.form.secret.removeprefix(SECRET_PREFIX))
        signed = f"{self.id}.{word}.".encode() + self.body
        made = "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
        return self.request(timestamp=word, signature=made)
