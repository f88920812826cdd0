"""Clients: what is known of one, and where those that registered are kept.

A ``Client`` answers what Authlib asks of one (its ``ClientMixin`` has nothing but the questions).
"""

from __future__ import annotations

import hmac
import json
import secrets
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from reference_server.db.session import storage_guarded
from reference_server.db.statements import Statements
from reference_server.oauth.redirects import BadRedirectError, check_redirect, is_registered
from reference_server.oauth.states import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock

LONGEST_ID = 2000
"""Characters of a client's id, which may be the URL of its document."""

CODE, REFRESH = "authorization_code", "refresh_token"
LONGEST_NAME = 80
_SECRET_BYTES = 32

_FIND = """
    SELECT * FROM find_oauth_client(%(id)s, %(now)s)
    UNION ALL
    SELECT NULL, %(stand_in)s::jsonb, repeat('0', 64), NULL, %(now)s
    LIMIT 1
"""
"""A client, or what stands in for one: to read either takes the same time."""
_STAND_IN = json.dumps(
    {
        "client_name": "Nobody",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": [CODE, REFRESH],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
)
_REGISTER = """
    SELECT register_oauth_client(%(id)s, %(metadata)s::jsonb, %(digest)s, %(now)s, %(ends)s,
                                 %(most)s)
"""
_REMOVE = "SELECT remove_oauth_client(%(id)s, %(digest)s, %(now)s)"


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has characters that cannot be printed")
    return text


Name = Annotated[str, Field(min_length=1, max_length=500)]
"""What is shown of it is made plain."""
Text = Annotated[Name, AfterValidator(_printable)]
Uri = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_printable)]


class ClientKind(StrEnum):
    """How a client came to be known, which decides how far its word is believed."""

    REGISTERED = "registered"
    """The operator has looked at it."""
    DYNAMIC = "dynamic"
    """It said all of itself (RFC 7591)."""
    DOCUMENT = "document"
    """It says all of itself, at a URL that it controls."""


class BadMetadataError(ValueError):
    """What a client says of itself is no good; the message, in ASCII, names the field."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name


@checked(frozen=True, config=ConfigDict(strict=True, extra="ignore"))
class ClientMetadata:
    """What a client says of itself, as far as anybody here makes use of it (RFC 7591 section 2)."""

    redirect_uris: Annotated[list[Uri], Field(min_length=1, max_length=10)]
    client_name: Name | None = None
    client_uri: Uri | None = None
    token_endpoint_auth_method: Text | None = None
    grant_types: Annotated[list[Text], Field(max_length=10)] = field(default_factory=lambda: [CODE])
    response_types: Annotated[list[Text], Field(max_length=10)] = field(
        default_factory=lambda: ["code"]
    )
    application_type: Text | None = None
    software_id: Text | None = None
    software_version: Text | None = None


_metadata = TypeAdapter(ClientMetadata)


def read_metadata(told: Mapping[str, Any]) -> ClientMetadata:
    """Return what a client says of itself; BadMetadataError names the field that is no good.

    Absent and null are the same.
    """
    given = {name: value for name, value in told.items() if value is not None}
    try:
        read = _metadata.validate_json(json.dumps(given))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "body"
        raise BadMetadataError(name, _ascii(first["msg"])) from None
    for uri in read.redirect_uris:
        try:
            check_redirect(uri)
        except BadRedirectError as error:
            raise BadMetadataError("redirect_uris", str(error)) from None
    if CODE not in read.grant_types:
        raise BadMetadataError("grant_types", f"they have to have {CODE}")
    if "code" not in read.response_types:
        raise BadMetadataError("response_types", "they have to have code")
    return replace(read, client_name=_plain_name(read.client_name))


def _plain_name(name: str | None) -> str | None:
    """Return a name without what is not seen, or changes how what follows is read."""
    if name is None:
        return None
    shown = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in name)
    return " ".join(shown.split())[:LONGEST_NAME] or None


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")


@dataclass(frozen=True)
class Client:
    """A client. ``secret_digest`` is None for a public one, which cannot keep a secret.

    ``registration_digest`` is of the token by which one that registered itself is read and removed.
    """

    id: str
    kind: ClientKind
    redirect_uris: tuple[str, ...]
    name: str | None = None
    grant_types: tuple[str, ...] = (CODE, REFRESH)
    auth_method: str = "none"
    secret_digest: str | None = field(default=None, repr=False)
    registration_digest: str | None = field(default=None, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    created_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def get_client_id(self) -> str:
        """Return its id."""
        return self.id

    def get_default_redirect_uri(self) -> None:
        """Return none: who asks says where the answer goes, also where there is one choice."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what it asks for: all clients may ask for the same, and the user decides."""
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether the answer may go there."""
        return is_registered(redirect_uri, self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether a secret is the client's, in constant time."""
        known = self.secret_digest
        return known is not None and hmac.compare_digest(known, digest_of(client_secret))

    def is_registered_by(self, token: str) -> bool:
        """Tell whether a token is that of the client's registration, in constant time."""
        known = self.registration_digest
        return known is not None and hmac.compare_digest(known, digest_of(token))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether the client proves itself so; at all endpoints in the same way."""
        del endpoint
        return method == self.auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether it may ask for an answer of that kind."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it may exchange what it has in that way."""
        return grant_type in self.grant_types

    def told(self) -> dict[str, Any]:
        """Return what the client itself is told of its registration (RFC 7591 section 3.2.1)."""
        return {
            **self.metadata,
            "client_id": self.id,
            "client_id_issued_at": int(self.created_at.timestamp()),
        }


def new_client_id() -> str:
    """Return the id of a new client: 128 bits, hexadecimal.

    Commands take it as an argument: one that begins with a hyphen would be taken for an option.
    """
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Registered:
    """A client that has just registered itself; its token is told once and stored nowhere."""

    client: Client
    registration_token: str = field(repr=False)


def metadata_kept(read: ClientMetadata) -> dict[str, Any]:
    """Return what a client that registers itself is registered with: it is given no secret.

    So whatever method it asks for, it proves itself by none; the answer says so, and a client has
    to check what it was registered with (RFC 7591 section 3.2.1).
    """
    told = {
        "client_name": read.client_name,
        "client_uri": read.client_uri,
        "application_type": read.application_type,
        "software_id": read.software_id,
        "software_version": read.software_version,
    }
    return {
        **{name: value for name, value in told.items() if value is not None},
        "redirect_uris": list(read.redirect_uris),
        "token_endpoint_auth_method": "none",
        "grant_types": [kind for kind in (CODE, REFRESH) if kind in read.grant_types],
        "response_types": ["code"],
    }


class SqlClients:
    """Keeps clients in ``oauth_clients``. Lives are in seconds, ``most`` is how many may be."""

    def __init__(self, engine: Engine, clock: Clock, unused: int, most: int) -> None:
        self._statements = Statements(engine)
        self._clock = clock
        self._unused = timedelta(seconds=unused)
        self._most = most

    def find(self, client_id: str) -> Client | None:
        """Return a client that was registered; StorageUnavailableError."""
        if len(client_id) > LONGEST_ID or not client_id.isprintable():
            return None
        with storage_guarded():
            values = {"id": client_id, "now": self._clock.now(), "stand_in": _STAND_IN}
            row = self._statements.first(_FIND, values)
        if row is None:
            return None
        found, is_known = _client(client_id, row), row[0] is not None
        return found if is_known else None

    def describe(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a client that says this of itself is registered with; BadMetadataError."""
        return metadata_kept(read_metadata(told))

    def register(self, metadata: Mapping[str, Any]) -> Registered | None:
        """Add a client; None where there are as many as may be. StorageUnavailableError."""
        client_id = new_client_id()
        token, now = secrets.token_urlsafe(_SECRET_BYTES), self._clock.now()
        values = {
            "id": client_id,
            "metadata": json.dumps(dict(metadata)),
            "digest": digest_of(token),
            "now": now,
            "ends": now + self._unused,
            "most": self._most,
        }
        with storage_guarded():
            row = self._statements.first(_REGISTER, values)
        if row != (True,):
            return None
        client = _client(client_id, (True, dict(metadata), None, digest_of(token), now))
        return Registered(client, token)

    def remove(self, client: Client, registration_token: str) -> bool:
        """Remove a client with all that was granted to it; StorageUnavailableError."""
        digest = digest_of(registration_token)
        values = {"id": client.id, "digest": digest, "now": self._clock.now()}
        with storage_guarded():
            return self._statements.first(_REMOVE, values) == (True,)


def _client(client_id: str, row: Sequence[Any]) -> Client:
    is_dynamic, metadata, secret_digest, registration_digest, created_at = row
    return Client(
        id=client_id,
        kind=ClientKind.DYNAMIC if is_dynamic else ClientKind.REGISTERED,
        redirect_uris=tuple(metadata["redirect_uris"]),
        name=metadata.get("client_name"),
        grant_types=tuple(metadata["grant_types"]),
        auth_method=metadata["token_endpoint_auth_method"],
        secret_digest=secret_digest,
        registration_digest=registration_digest,
        metadata=metadata,
        created_at=created_at,
    )
