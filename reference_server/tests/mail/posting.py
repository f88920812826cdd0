"""Parts of mail for tests: as they are wired, around a ledger in memory where no database is."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.secrets import MAIL_KEY, MAIL_WEBHOOK
from reference_server.core.settings import Settings
from reference_server.mail.contracts import FailedMailError
from reference_server.wiring_mail import mail_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.mail.contracts import MailParts
    from reference_server.tests.fakes import FakeTrail

ORIGIN = "https://mcp.example.com"
KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
SESSION_SECRET = bytes(32)


def settings_of(folder: Path, **changed: Any) -> Settings:
    """Return the settings of a server that sends mail; its secrets are in a folder."""
    for name, secret in ((MAIL_KEY, "re_123456"), (MAIL_WEBHOOK, SECRET)):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(secret, "utf-8")
    told: dict[str, Any] = {"mail_domain": "mail.example.com", "public_url": ORIGIN, **changed}
    return Settings(database="", secrets_dir=folder, port=0, **told)


def wired(folder: Path, clock: Clock, engine: Engine | None = None, **changed: Any) -> MailParts:
    """Return what the server's own wiring makes of such settings."""
    without: Any = None
    made = mail_parts(settings_of(folder, **changed), SESSION_SECRET, engine or without, clock)
    assert made is not None
    return made if engine is not None else replace(made, ledger=Ledger(), provider=Provider())


class Ledger:
    """Keeps messages in memory; with ``is_down`` set, nothing."""

    def __init__(self) -> None:
        self.sent: dict[UUID, tuple[UUID, str]] = {}
        self.failed: list[UUID] = []
        self.ended: set[tuple[UUID, str]] = set()
        self.is_down = False

    def is_suppressed(self, tenant: UUID, recipient: str) -> bool:
        """Tell whether three have failed, or nobody wants any."""
        self._require()
        count = sum(self.sent[one] == (tenant, recipient) for one in self.failed)
        return count >= 3 or (tenant, recipient) in self.ended

    def record(self, tenant: UUID, recipient: str) -> UUID:
        """Note a message."""
        self._require()
        message = uuid4()
        self.sent[message] = tenant, recipient
        return message

    def fail(self, tenant: UUID, message: UUID) -> int | None:
        """Note a failure."""
        self._require()
        place = self.sent.get(message)
        if place is None or place[0] != tenant or message in self.failed:
            return None
        self.failed.append(message)
        return sum(self.sent[one] == place for one in self.failed)

    def end(self, tenant: UUID, message: UUID) -> bool | None:
        """Note who wants no more."""
        self._require()
        place = self.sent.get(message)
        if place is None or place[0] != tenant:
            return None
        is_new = place not in self.ended
        self.ended.add(place)
        return is_new

    def forget_expired(self) -> int:
        """Forget nothing."""
        return 0

    def _require(self) -> None:
        if self.is_down:
            raise StorageUnavailableError("the ledger is down")


class Provider:
    """Takes messages; with ``is_down`` set, none."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []
        self.is_down = False

    def send(self, document: Mapping[str, Any]) -> None:
        """Take a message."""
        if self.is_down:
            raise FailedMailError("status 500")
        self.taken.append(document)


def noted(trail: FakeTrail, name: str) -> list[Any]:
    """Return what each row of a trail has under a name, None for nothing."""
    return [(row.metadata or {}).get(name) for row in trail.rows]


def told_of(
    tenant: UUID, message: UUID, kind: str = "email.bounced", bounce: str = "Permanent"
) -> bytes:
    """Return the body of a webhook that tells of a message (as Resend's documents have it)."""
    tags = {"tenant": str(tenant), "message": str(message)}
    data: dict[str, Any] = {"email_id": str(uuid4()), "to": ["a@example.com"], "tags": tags}
    if kind == "email.bounced":
        data["bounce"] = {"type": bounce, "subType": "General", "message": "said no"}
    return json.dumps({"type": kind, "created_at": "2026-01-01T00:00:00Z", "data": data}).encode()


def signed(body: bytes, moment: int, identity: str = "msg_1") -> dict[str, str]:
    """Return the header fields of a webhook that was sent at a moment, in seconds since 1970."""
    made = hmac.digest(KEY, f"{identity}.{moment}.".encode() + body, "sha256")
    return {
        "svix-id": identity,
        "svix-timestamp": str(moment),
        "svix-signature": f"v1,{base64.b64encode(made).decode()}",
    }
