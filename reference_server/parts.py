"""Every replaceable collaborator of the server, as a protocol, and the record that holds them.

A mutant replaces one of these (or runs SQL after the migration); production wires the real ones
in ``wiring.py``. So a defect is planted without a single ``if`` in product code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from flask import Response
    from sqlalchemy import Connection

    from reference_server.context import Principal, RequestContext
    from reference_server.vocabulary import EventType, Outcome


class Clock(Protocol):
    """The one source of time: everything that expires asks it."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


@dataclass(frozen=True)
class AuditEvent:
    """One row of the trail, before the trail has scrubbed it (seed 004 F1)."""

    event_type: EventType
    outcome: Outcome
    request_id: str | None = None
    tenant_id: UUID | None = None
    address: str | None = None
    metadata: Mapping[str, Any] | None = None
    actor_key_id: UUID | None = None


class AuditTrail(Protocol):
    """The trail. ``write`` returns once the rows are durable."""

    def write(self, *events: AuditEvent) -> None:
        """Store the rows, in order; raise StorageUnavailableError when they cannot be stored."""
        ...

    def close(self) -> None:
        """Store what is queued and stop."""
        ...


class KeyHasher(Protocol):
    """Turns a raw key into what the database may hold: HMAC-SHA256 under a server secret."""

    def digest(self, raw_key: str) -> str:
        """Return the digest in lower-case hex."""
        ...


class KeyDirectory(Protocol):
    """Finds whose key was presented."""

    def find(self, digest: str, now: datetime) -> Principal | None:
        """Return the owner of an active key; None for unknown, revoked and expired ones alike."""
        ...


class KeyUse(Protocol):
    """Remembers when a key was last used, off the request's path."""

    def record(self, key_id: UUID, used_at: datetime) -> None:
        """Note the use; never blocks, never raises."""
        ...

    def close(self) -> None:
        """Store what is noted and stop."""
        ...


@dataclass(frozen=True)
class Rotation:
    """The outcome of a rotation. ``api_key`` is shown once and stored nowhere."""

    key_id: UUID
    api_key: str
    grace_until: datetime


class KeyRotation(Protocol):
    """Replaces a tenant's keys with a grace period (seed 004 D3, design section 8)."""

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        """Mint a key and put the active ones into grace; None for an unknown tenant."""
        ...


class KeyRevocation(Protocol):
    """Ends a key at once, without a grace (seed 004 D3, follow-up)."""

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        """Revoke the tenant's key; return since when it is revoked, None if it has no such key."""
        ...


@dataclass(frozen=True)
class Budget:
    """What a subject has left: requests, and whole seconds until there is one more."""

    remaining: int
    reset_after: int


@dataclass(frozen=True)
class Admission:
    """A limiter's answer. Times are in whole seconds; ``retry_after`` is 0 when admitted.

    ``budget`` finds out what is left, which most answers never tell; StorageUnavailableError.
    """

    admitted: bool
    limit: int
    window: int
    retry_after: int
    budget: Callable[[], Budget]


class Limiter(Protocol):
    """A request budget for each subject (an address, a tenant)."""

    def admit(self, subject: str) -> Admission:
        """Spend one request of the subject's; StorageUnavailableError when that is unknown."""
        ...


class AddressBlock(Protocol):
    """Blocks an address after too many failed authentications."""

    def is_blocked(self, address: str) -> bool:
        """Tell whether the address is blocked now."""
        ...

    def record_failure(self, address: str) -> bool:
        """Count a failure; True when this one engaged the block."""
        ...


@dataclass(frozen=True)
class StartedFlow:
    """An OAuth flow just begun. ``state`` is told once; ``expires_in`` is in seconds."""

    state: str
    code_challenge: str
    expires_in: int
    code_challenge_method: str = "S256"


class OAuthStates(Protocol):
    """The states of OAuth flows, each good once, for one tenant and platform (seed 004 H)."""

    def start(self, tenant_id: UUID, platform: str) -> StartedFlow:
        """Make a state; StorageUnavailableError when it cannot be stored."""
        ...

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        """Use a state up and return its PKCE verifier; None when it is not good (any more)."""
        ...


class Background(Protocol):
    """Something that runs beside the requests until it is closed."""

    def close(self) -> None:
        """Stop; bounded in time."""
        ...


class TenantSessions(Protocol):
    """Opens transactions, each bound to one tenant from its first statement."""

    def begin(self, tenant_id: UUID) -> AbstractContextManager[Connection]:
        """Return a transaction in the tenant's context; it commits on leaving without an error."""
        ...


class Redactor(Protocol):
    """The one scrubber of secrets: log lines, trail and spans all pass through it.

    It is hashable, for what it makes of short texts is remembered.
    """

    def scrub(self, value: Any) -> Any:
        """Return a JSON-like copy without token-shaped strings and token-named fields."""
        ...


class AdminGate(Protocol):
    """Decides whether a presented admin token is the right one."""

    def admits(self, presented: str | None) -> bool:
        """Compare in constant time."""
        ...


class CredentialReader(Protocol):
    """Takes the API key out of a request's headers."""

    def read(self, headers: Sequence[tuple[str, str]]) -> str | None:
        """Return the key; None when it is missing, blank, duplicated or joined."""
        ...


class Tool(Protocol):
    """One MCP tool. ``run`` is synchronous; the registry calls it in a worker thread."""

    @property
    def name(self) -> str:
        """The name it is called by."""
        ...

    @property
    def description(self) -> str:
        """What it does, for the model that chooses."""
        ...

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema that its arguments are validated against."""
        ...

    def run(self, arguments: Mapping[str, Any], caller: ToolCaller) -> Mapping[str, Any]:
        """Return the structured result; ToolError or any exception becomes a failed result."""
        ...


@dataclass(frozen=True)
class ToolCaller:
    """What a tool may know of its caller."""

    principal: Principal
    request_id: str
    sessions: TenantSessions


Stage = "Callable[[RequestContext, Parts], Response | None]"
"""A stage of the security chain: an answer refuses the request, None passes it on."""


def directly(app: Callable[[Any, Any, Any], Awaitable[None]]) -> Any:
    """Return the application itself: nothing stands between it and the HTTP server."""
    return app


@dataclass(frozen=True)
class Parts:
    """The collaborators of one running server."""

    clock: Clock
    pipeline: Sequence[Callable[[RequestContext, Parts], Response | None]]
    credential_reader: CredentialReader
    key_hasher: KeyHasher
    key_directory: KeyDirectory
    key_use: KeyUse
    key_rotation: KeyRotation
    key_revocation: KeyRevocation
    admin_gate: AdminGate
    address_limiter: Limiter
    tenant_limiter: Limiter
    auth_limiter: Limiter
    address_block: AddressBlock
    oauth_states: OAuthStates
    oauth_cleanup: Background
    trail: AuditTrail
    sessions: TenantSessions
    redactor: Redactor
    tools: Sequence[Tool]
    security_headers: Mapping[str, str]
    describe_failure: Callable[[Exception, RequestContext], str]
    """The text a caller sees of a failed tool; a fixed sentence with the request id."""
    session_owner: Callable[[Principal], str]
    """The identity an MCP session is bound to."""
    routes_to_mcp: Callable[[Mapping[str, Any]], bool]
    """Whether an ASGI scope is the MCP endpoint's."""
    server_version: str
    """What the server tells of itself when it is introduced."""
    check_origin: bool = True
    edge: Callable[[Any], Any] = directly
    """What stands between the HTTP server and the application: an ASGI middleware."""
