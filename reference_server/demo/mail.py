"""The demo's mail provider, a program of the judge's that delivers nothing."""

from __future__ import annotations

import base64
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reference_server.core.secrets import MAIL_KEY, MAIL_WEBHOOK
from reference_server.demo.ports import free_port
from reference_server.demo.world import world, write_secret

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

DOMAIN = "notifications.hallmark.example"
_KEY_BYTES = 24


@dataclass(frozen=True)
class DemoMail:
    """What the demo keeps of it, below a folder of its own."""

    folder: Path

    @cached_property
    def port(self) -> int:
        """Where it listens."""
        return free_port()

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def control(self) -> str:
        """The word by which it tells what has come."""
        return secrets.token_urlsafe(24)

    @cached_property
    def webhook_secret(self) -> str:
        """What its webhooks are signed by."""
        return "whsec_" + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()

    @cached_property
    def secrets(self) -> dict[str, bytes]:
        """What the server is given of it, by the names of the files."""
        key = f"re_{secrets.token_urlsafe(24)}"
        return {MAIL_KEY: key.encode(), MAIL_WEBHOOK: self.webhook_secret.encode()}

    @contextmanager
    def running(self) -> Generator[None]:
        """Have it run until the block ends."""
        control = self.folder / "mail-control"
        write_secret(control, self.control)
        with world("mail", self.port, control):
            yield

    def told(self) -> dict[str, Any]:
        """Return what the state file has of it."""
        mail = {
            "url": self.url,
            "control": self.control,
            "domain": DOMAIN,
            "secret": self.webhook_secret,
        }
        return {"mail": mail}
