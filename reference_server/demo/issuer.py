"""The demo's issuer: whom it knows, and what the server takes of it.

It is a program of the judge's (``python -m conformance.world``). Its claims are called as Zitadel
calls them, an organization's id among them.
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reference_server.demo.ports import free_port
from reference_server.demo.world import world, write_secret
from reference_server.identity.contracts import Person
from reference_server.identity.members import tenant_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path
    from uuid import UUID

ORGANIZATION = "urn:zitadel:iam:user:resourceowner:id"
_OF_ORGANIZATION = "urn:zitadel:iam:user:resourceowner"
USERS = {"a": "alice", "b": "bob"}
"""A user of each tenant."""
CLIENT, LOGIN_CLIENT, CLIENT_SECRET = "hallmark-cli", "hallmark-web", "OIDC_CLIENT_SECRET"
SCOPE = "mcp"
CLOCK = "clock"
"""The file that moves the demo's clock: who logs in later is known for as long as ever."""
SIGN_UP = "newcomers.example"
"""Whoever has an address there may sign up."""
_REFRESH_SECONDS = 0.2
"""So that no check has to wait for it."""


@dataclass(frozen=True)
class DemoIssuer:
    """What the demo keeps of it, below a folder of its own. ``port`` is the demo server's."""

    folder: Path
    port: int

    @cached_property
    def url(self) -> str:
        """Its name, and where it is."""
        return f"http://127.0.0.1:{free_port()}/realms/demo"

    @cached_property
    def control(self) -> str:
        """The word by which the judge has it do what it wants."""
        return secrets.token_urlsafe(24)

    @cached_property
    def client_secret(self) -> str:
        """What the server proves itself by."""
        return secrets.token_urlsafe(32)

    @property
    def definitions(self) -> Path:
        """The file of issuers that the server trusts."""
        return self.folder / "issuers.toml"

    @property
    def audience(self) -> str:
        """What the server is called in access tokens: the URL of its MCP endpoint."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def tenant(self, label: str) -> UUID:
        """Return the id of a tenant of the demo's, which is an organization there."""
        return tenant_of(self.url, _organization(label))

    def person(self, label: str) -> Person:
        """Return a tenant's user."""
        name = USERS[label]
        return Person(self.url, name, _organization(label), f"{name}@{label}.example", name)

    @contextmanager
    def running(self) -> Generator[None]:
        """Have it run until the block ends."""
        control, setup = self.folder / "issuer-control", self.folder / "issuer-setup.json"
        write_secret(control, self.control)
        write_secret(setup, json.dumps(self._setup()))
        origin, _, _ = self.url.partition("/realms")
        port = int(origin.rpartition(":")[2])
        self.definitions.write_text(self._definitions(origin), encoding="utf-8")
        with world("issuer", port, control, f"--setup={setup}"):
            yield

    def told(self) -> dict[str, Any]:
        """Return what the state file has of it."""
        return {"url": self.url, "control": self.control}

    def _setup(self) -> dict[str, Any]:
        back = [f"http://127.0.0.1:{self.port}/login/callback"]
        return {
            "path": "/realms/demo",
            "audience": self.audience,
            "clock": str(self.folder / CLOCK),
            "users": {name: _claims(label, name) for label, name in USERS.items()},
            "clients": {
                CLIENT: {"redirect_uris": ["http://127.0.0.1/callback"]},
                LOGIN_CLIENT: {"redirect_uris": back, "secret": self.client_secret},
            },
        }

    def _definitions(self, origin: str) -> str:
        tables: dict[str, Mapping[str, Any]] = {
            "[[issuer]]": {
                "issuer": self.url,
                "organization": ORGANIZATION,
                "refresh_seconds": _REFRESH_SECONDS,
            },
            "[issuer.access]": {"audience": self.audience, "clients": [CLIENT], "scope": SCOPE},
            "[issuer.login]": {
                "client_id": LOGIN_CLIENT,
                "secret": CLIENT_SECRET,
                "redirect_uri": f"http://127.0.0.1:{self.port}/login/callback",
                "sign_up": [f"@{SIGN_UP}"],
            },
        }
        lines = [f"origins = {json.dumps([origin])}"]
        for head, entries in tables.items():
            lines += [head, *(f"{name} = {json.dumps(one)}" for name, one in entries.items())]
        return "\n".join(lines) + "\n"


def _organization(label: str) -> str:
    return f"3{int.from_bytes(label.encode()):017d}"


def _claims(label: str, name: str) -> dict[str, Any]:
    return {
        "email": f"{name}@{label}.example",
        "email_verified": True,
        "name": name,
        ORGANIZATION: _organization(label),
        f"{_OF_ORGANIZATION}:name": f"Tenant {label.upper()}",
        f"{_OF_ORGANIZATION}:primary_domain": f"{label}.example",
    }
