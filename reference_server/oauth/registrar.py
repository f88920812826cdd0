"""Clients that an operator has looked at: added and removed as the owner of the tables."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, text

from reference_server.audit.contracts import AuditEvent
from reference_server.core.errors import ConfigurationError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.db.models import oauth_clients, oauth_grants
from reference_server.db.session import storage_guarded
from reference_server.oauth.clients import (
    CODE,
    REFRESH,
    BadMetadataError,
    metadata_kept,
    new_client_id,
    read_metadata,
)
from reference_server.oauth.states import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from reference_server.audit.contracts import AuditTrail
    from reference_server.core.contracts import Clock

_SECRET_BYTES = 32
_END = text("SELECT end_oauth_grant(:id, :now)")


class Proof(StrEnum):
    """How a client proves itself at the token endpoint (RFC 7591 section 2)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"


@dataclass(frozen=True)
class NewClient:
    """A client just added. ``secret`` is shown once and stored nowhere; None for a public one."""

    id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ClientRegistrar:
    """Adds clients, and removes them: any of them, also one that registered itself."""

    engine: Engine
    clock: Clock
    trail: AuditTrail

    def add(self, name: str, redirect_uris: Sequence[str], proof: Proof) -> NewClient:
        """Add a client, and tell the trail last.

        ConfigurationError for a name or a redirect URI that is no good, StorageUnavailableError
        without the database.
        """
        told = {
            "client_name": name,
            "redirect_uris": list(redirect_uris),
            "grant_types": [CODE, REFRESH],
        }
        try:
            metadata = metadata_kept(read_metadata(told))
        except BadMetadataError as bad:
            raise ConfigurationError(f"The client cannot be registered: {bad}.") from None
        new = NewClient(
            id=new_client_id(),
            secret=None if proof is Proof.NONE else secrets.token_urlsafe(_SECRET_BYTES),
        )
        row = {
            "id": new.id,
            "is_dynamic": False,
            "metadata": {**metadata, "token_endpoint_auth_method": proof.value},
            "secret_digest": None if new.secret is None else digest_of(new.secret),
            "created_at": self.clock.now(),
        }
        with storage_guarded(), self.engine.begin() as connection:
            connection.execute(insert(oauth_clients).values(row))
        self._tell(EventType.CLIENT_REGISTERED, new.id)
        return new

    def remove(self, client_id: str) -> int:
        """Remove a client and end what was granted to it; return how many grants that were.

        A client that has a document is no row of its own, and what it was granted ends all the
        same. ConfigurationError where nothing is known of it.
        """
        with storage_guarded(), self.engine.begin() as connection:
            gone = delete(oauth_clients).where(oauth_clients.c.id == client_id)
            is_known = connection.execute(gone).rowcount == 1
            ended = self._end_grants(connection, client_id)
        if not is_known and not ended:
            raise ConfigurationError(f"There is no client {client_id}, and no grant of one.")
        self._tell(EventType.CLIENT_REMOVED, client_id)
        return ended

    def _end_grants(self, connection: Connection, client_id: str) -> int:
        found = select(oauth_grants.c.id).where(oauth_grants.c.client_id == client_id)
        ids: list[UUID] = list(connection.scalars(found))
        now = self.clock.now()
        ended = [connection.scalar(_END, {"id": one, "now": now}) for one in ids]
        return ended.count(True)

    def _tell(self, kind: EventType, client_id: str) -> None:
        metadata = {"clientId": client_id, "by": "operator"}
        self.trail.write(AuditEvent(kind, Outcome.SUCCESS, metadata=metadata))
