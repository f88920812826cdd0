"""In-memory parts for tests of the HTTP half: they satisfy the protocols and record their use."""

from __future__ import annotations

import hashlib
import itertools
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from reference_server.audit.repeats import Repeats
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.principal import Principal
from reference_server.core.settings import Limits, Settings
from reference_server.core.vocabulary import Tier
from reference_server.identity.contracts import IdentityParts, Member, MemberRole, Person
from reference_server.identity.members import tenant_of
from reference_server.keys.admin import AdminTokenGate
from reference_server.keys.contracts import KeyParts, Rotation
from reference_server.keys.reader import HeaderKeyReader
from reference_server.limits.block import FailureBlock
from reference_server.limits.contracts import LimitParts
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.oauth.contracts import OAuthParts, StartedFlow
from reference_server.observability.redaction import TokenRedactor
from reference_server.outbound.fetching import Fetcher
from reference_server.parts import Parts, WebParts, with_parts
from reference_server.permissions.contracts import ToolServer
from reference_server.permissions.decision import TierPermissions
from reference_server.permissions.servers import SERVERS
from reference_server.sessions.claims import Life
from reference_server.sessions.contracts import Issued, SessionParts
from reference_server.sessions.extraction import TokenChain
from reference_server.sessions.issue import SignedAccessTokens, SqlSessionIssuer
from reference_server.sessions.proxy import MemoryNonces, SignedProxyIdentities
from reference_server.sessions.signing import SignedTokens
from reference_server.sessions.validation import AuthValidation
from reference_server.web.app import SECURITY_HEADERS
from reference_server.web.pipeline import PIPELINE
from reference_server.wiring import mcp_parts, plugin_parts, scanner_parts
from reference_server.wiring_people import session_rules
from reference_server.wiring_vault import vault_parts

if TYPE_CHECKING:
    from collections.abc import Generator
    from ipaddress import IPv4Network, IPv6Network

    from reference_server.audit.contracts import AuditEvent

OF_TESTS = ToolServer("tests", frozenset({"touch", "erase", "quick", "slow"}))
"""What tests offer for tools."""

KEY_A = "key-of-tenant-a"
KEY_B = "key-of-tenant-b"
ADMIN_TOKEN = "the-admin-token"
TENANT_A = UUID("00000000-0000-4000-8000-00000000000a")
TENANT_B = UUID("00000000-0000-4000-8000-00000000000b")
NEW_KEY = UUID("00000000-0000-4000-8000-00000000000c")
SESSION_SECRET = b"a-key-of-forty-four-bytes-that-signs-tokens."
PROXY_SECRET = b"a-key-of-forty-four-bytes-that-proxies-have."
START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move forward; a negative number moves back."""
        self.time += timedelta(seconds=seconds)


class FakeTrail:
    """Keeps rows in a list; with ``rows_left`` set, takes only so many more."""

    def __init__(self) -> None:
        self.rows: list[AuditEvent] = []
        self.rows_left: int | None = None
        self.closed = False
        self._lock = threading.Lock()

    def write(self, *events: AuditEvent) -> None:
        """Keep the rows, all or none."""
        with self._lock:
            if self.rows_left is not None and len(events) > self.rows_left:
                raise StorageUnavailableError("the trail is down")
            if self.rows_left is not None:
                self.rows_left -= len(events)
            self.rows.extend(events)

    def close(self) -> None:
        """Note that it was called."""
        self.closed = True


class FakeHasher:
    """Digests without a secret."""

    def digest(self, raw_key: str) -> str:
        """Return the plain SHA-256."""
        return hashlib.sha256(raw_key.encode()).hexdigest()


class FakeDirectory:
    """Knows the keys it was given and records every digest it was asked for."""

    def __init__(self, keys: dict[str, UUID]) -> None:
        self._owners = {
            FakeHasher().digest(key): Principal(tenant, uuid4()) for key, tenant in keys.items()
        }
        self.asked: list[str] = []
        self.is_down = False

    def find(self, digest: str, now: datetime) -> Principal | None:
        """Return the owner; StorageUnavailableError while ``is_down``."""
        del now
        if self.is_down:
            raise StorageUnavailableError("the key directory is down")
        self.asked.append(digest)
        return self._owners.get(digest)


class FakeKeyUse:
    """Remembers the uses it was told of."""

    def __init__(self) -> None:
        self.uses: list[UUID] = []
        self.closed = False

    def record(self, key_id: UUID, used_at: datetime) -> None:
        """Note the key."""
        del used_at
        self.uses.append(key_id)

    def close(self) -> None:
        """Note that it was called."""
        self.closed = True


class FakeRotation:
    """Mints one fixed key for tenant A; knows no other tenant."""

    def rotate(self, tenant_id: UUID, description: str) -> Rotation | None:
        """Return the fixed key for tenant A."""
        del description
        return Rotation(NEW_KEY, "a-new-key", START) if tenant_id == TENANT_A else None


class FakeRevocation:
    """Tenant A has one key to revoke; nobody else has any."""

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        """Return a fixed moment for tenant A's key."""
        return START if (tenant_id, key_id) == (TENANT_A, NEW_KEY) else None


class FakeStates:
    """Starts numbered flows and finishes each once."""

    def __init__(self) -> None:
        self.open: set[tuple[UUID, str, str]] = set()
        self._numbers = itertools.count()

    def start(self, tenant_id: UUID, platform: str) -> StartedFlow:
        """Begin the next flow."""
        state = f"state-{next(self._numbers)}"
        self.open.add((tenant_id, platform, state))
        return StartedFlow(state, "challenge", 600)

    def finish(self, tenant_id: UUID, platform: str, state: str) -> str | None:
        """End a flow that is open."""
        try:
            self.open.remove((tenant_id, platform, state))
        except KeyError:
            return None
        return "verifier"


class FakeEnds:
    """Knows what was ended here; with ``is_down`` set, nothing."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.is_down = False

    def has_ended(self, name: str, now: datetime) -> bool:
        """Tell whether it was ended; StorageUnavailableError while ``is_down``."""
        del now
        if self.is_down:
            raise StorageUnavailableError("nobody knows what has ended")
        return name in self.ended

    def end(self, token_id: str) -> None:
        """Note it."""
        self.ended.add(token_id)

    def close(self) -> None:
        """Do nothing."""


class FakeIssuer(SqlSessionIssuer):
    """Signs real tokens, for keys that all live a year."""

    def issue(self, principal: Principal) -> Issued | None:
        """Begin a session."""
        now = int(self.clock.now().timestamp())
        return self.signed(principal, Life(now, now + self.lifetime))


class FakeCleanup:
    """Runs nothing."""

    def close(self) -> None:
        """Do nothing."""


class FakeMembers:
    """Members of tenants, in memory."""

    def __init__(self) -> None:
        self.known: dict[Person, Member] = {}

    def find(self, person: Person) -> Member | None:
        """Return a person's place."""
        return self.known.get(person)

    def welcome(self, person: Person) -> Member:
        """Make a person's place, once."""
        tenant = tenant_of(person.issuer, person.organization)
        made = Member(uuid4(), tenant, uuid4(), MemberRole.MEMBER, is_new=True)
        return self.known.setdefault(person, made)


class FakeSessions:
    """Opens 'transactions' whose every query answers with one row that names the tenant."""

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Any]:
        """Yield what looks like a connection."""
        yield _Rows([(tenant_id, "google", "spend", "last_7_days", {"canary": str(tenant_id)})])


@dataclass
class _Rows:
    rows: list[tuple[Any, ...]]

    def execute(self, statement: object, values: object = None) -> _Rows:
        del statement, values
        return self

    def all(self) -> list[tuple[Any, ...]]:
        return self.rows


@dataclass
class World:
    """The fakes of one server, and the parts made of them."""

    limits: Limits = field(default_factory=Limits)
    clock: FakeClock = field(default_factory=FakeClock)
    trail: FakeTrail = field(default_factory=FakeTrail)
    key_use: FakeKeyUse = field(default_factory=FakeKeyUse)
    directory: FakeDirectory = field(
        default_factory=lambda: FakeDirectory({KEY_A: TENANT_A, KEY_B: TENANT_B})
    )
    ends: FakeEnds = field(default_factory=FakeEnds)
    replaced: dict[str, Any] = field(default_factory=dict[str, Any])
    changed: dict[str, Any] = field(default_factory=dict[str, Any])
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def settings(self) -> Settings:
        """Settings that no test's server reads a database or a secret from."""
        # Most tests send bare requests, which triage refuses; its own tests switch it on.
        changed: dict[str, Any] = {"scanner_triage": False, **self.changed}
        return Settings(
            database="",
            secrets_dir=Path(),
            port=0,
            limits=self.limits,
            trusted_proxies=self.trusted_proxies,
            **changed,
        )

    def tokens(self) -> SessionParts:
        """Return what knows session tokens, around the fake ends."""
        settings, signed = self.settings, SignedTokens((SESSION_SECRET,))
        rules = session_rules(settings)
        engine: Any = None
        return SessionParts(
            extractor=TokenChain(
                settings.token_chain,
                cookie=settings.session_cookie,
                proxy_header=settings.proxy_auth_header,
            ),
            validator=AuthValidation(signed, self.ends, self.clock, rules),
            issuer=FakeIssuer(engine, signed, self.clock, rules, settings.session_lifetime),
            access=SignedAccessTokens(signed, self.clock, rules),
            ends=self.ends,
            proxies=SignedProxyIdentities((PROXY_SECRET,), self.clock, MemoryNonces()),
            cookie=settings.session_cookie,
            origins=settings.allowed_origins,
        )

    def token(self, tier: Tier, tenant: UUID = TENANT_A) -> str:
        """Return a session token of somebody of a tenant's, of that tier in all."""
        now = int(START.timestamp())
        scope = frozenset({tier})
        holder = Principal(tenant, None, tier=tier, scope=scope, rate_tier=tier, subject="x")
        rules = session_rules(self.settings)
        signed = SignedTokens((SESSION_SECRET,))
        engine: Any = None
        issuer = SqlSessionIssuer(engine, signed, self.clock, rules, rules.longest)
        return issuer.signed(holder, Life(now, now + rules.longest)).token

    def parts(self) -> Parts:
        """Return fresh parts around the fakes; ``replaced`` wins."""
        limits = self.limits
        engine: Any = None
        made = Parts(
            clock=self.clock,
            trail=self.trail,
            repeats=Repeats(self.clock),
            sessions=FakeSessions(),
            redactor=TokenRedactor(),
            keys=KeyParts(
                reader=HeaderKeyReader("X-Api-Key"),
                hasher=FakeHasher(),
                directory=self.directory,
                use=self.key_use,
                rotation=FakeRotation(),
                revocation=FakeRevocation(),
                admin_gate=AdminTokenGate(ADMIN_TOKEN.encode()),
            ),
            tokens=self.tokens(),
            permissions=TierPermissions((*SERVERS, OF_TESTS)),
            limits=LimitParts(
                address=MovingWindowLimiter(
                    self.clock, limits.address_requests, limits.address_window
                ),
                tenant=self._limiter_of(Tier.USER),
                tiers={tier: self._limiter_of(tier) for tier in Tier if tier is not Tier.USER},
                auth=MovingWindowLimiter(self.clock, limits.auth_requests, limits.auth_window),
                block=FailureBlock(
                    self.clock, limits.failures, limits.failure_window, limits.block
                ),
            ),
            scanner=scanner_parts(
                self.settings,
                MovingWindowLimiter(self.clock, limits.scanner_requests, limits.scanner_window),
            ),
            oauth=OAuthParts(states=FakeStates(), cleanup=FakeCleanup()),
            identity=IdentityParts(FakeMembers()),
            web=WebParts(pipeline=PIPELINE, security_headers=SECURITY_HEADERS),
            mcp=mcp_parts("1.2.3", bytes(32), 2, self.clock, Fetcher()),
            plugins=plugin_parts(self.settings),
            vault=vault_parts(self.settings, engine),
        )
        return with_parts(made, self.replaced)

    def _limiter_of(self, tier: Tier) -> MovingWindowLimiter:
        limits = self.limits
        return MovingWindowLimiter(
            self.clock, limits.tenant_requests_of(tier), limits.tenant_window
        )

    def types(self) -> list[str]:
        """Return the event types of the trail, in order."""
        return [row.event_type.value for row in self.trail.rows]
