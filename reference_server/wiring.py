"""The real collaborators, wired once. Mutants replace one of them afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.audit.anchors import AnchorFile, Anchors
from reference_server.audit.repeats import Repeats
from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.breaker import Breaker
from reference_server.core.release import server_version
from reference_server.core.vocabulary import LimitScope, Permission, SecretName, Tier
from reference_server.db.chain import AuditChain
from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.db.statements import Statements
from reference_server.keys.admin import AdminTokenGate
from reference_server.keys.contracts import KeyParts
from reference_server.keys.directory import HmacKeyHasher, SqlKeyDirectory
from reference_server.keys.reader import HeaderKeyReader
from reference_server.keys.revocation import SqlKeyRevocation
from reference_server.keys.rotation import SqlKeyRotation
from reference_server.keys.use import BackgroundKeyUse
from reference_server.limits.block import FailureBlock
from reference_server.limits.contracts import LimitParts
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.mail.mailer import Mailer
from reference_server.mail.webhooks import SIGNATURE
from reference_server.oauth.clients import SqlClients
from reference_server.oauth.consents import Consents
from reference_server.oauth.contracts import AuthorizationParts, OAuthParts
from reference_server.oauth.documents import DocumentClients
from reference_server.oauth.grants import SqlGrants
from reference_server.oauth.states import OAuthCleanup, SqlOAuthStates
from reference_server.observability.logs import is_log_written
from reference_server.observability.redaction import TokenRedactor
from reference_server.outbound.fetching import Fetcher
from reference_server.parts import McpParts, Parts, WebParts
from reference_server.permissions.contracts import ToolServer
from reference_server.permissions.decision import TierPermissions
from reference_server.permissions.servers import SERVERS
from reference_server.plugins.contracts import PluginParts
from reference_server.plugins.definitions import load_plugins
from reference_server.plugins.delivery import deliver
from reference_server.plugins.masking import is_withheld, mask
from reference_server.plugins.secrets import FilePluginSecrets, NoPluginSecrets
from reference_server.prompts.registry import build_prompts
from reference_server.protocol.cursors import SealedCursors
from reference_server.protocol.failure import describe_failure
from reference_server.protocol.gate import is_mcp_path, session_manager, session_owner
from reference_server.protocol.notices import Notices
from reference_server.protocol.plugins import StdioRunner
from reference_server.protocol.states import AuditedBoundary, ClockedStates
from reference_server.protocol.subscriptions import Subscriptions
from reference_server.protocol.tasks import TaskStore
from reference_server.protocol.watch import may_stay
from reference_server.resources import RESOURCES
from reference_server.resources.metrics import MetricResources
from reference_server.scanner.agents import ScannerAgents
from reference_server.scanner.contracts import ScannerParts
from reference_server.scanner.paths import ProbePaths
from reference_server.scanner.tables import PATHS
from reference_server.scanner.tables import TOOLS as SCANNING_TOOLS
from reference_server.tools import TOOLS
from reference_server.tools.landing_page import LandingPage
from reference_server.tools.send_email import SendEmail
from reference_server.web.app import SECURITY_HEADERS
from reference_server.web.authorization.desks import make_desks
from reference_server.web.pipeline import PIPELINE
from reference_server.web.routes.login import LOGIN
from reference_server.wiring_mail import mail_parts
from reference_server.wiring_people import (
    KEY_HEADER,
    identity_parts,
    resource_of,
    session_parts,
    trusted_issuers,
)
from reference_server.wiring_vault import vault_parts, with_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from redis import Redis
    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.secrets import ProviderKeys
    from reference_server.core.settings import Limits, Settings
    from reference_server.limits.contracts import AddressBlock, Limiter
    from reference_server.oauth.states import Forgetting
    from reference_server.plugins.contracts import PluginDef
    from reference_server.tools.contracts import Tool
    from reference_server.tools.landing_page import PageFetcher


def build_parts(
    settings: Settings,
    secrets: Mapping[SecretName, bytes],
    engine: Engine,
    clock: Clock,
    redis: Redis | None = None,
    *,
    providers: ProviderKeys | None = None,
) -> Parts:
    """Return the collaborators of one server; ``providers`` has what its plugins may share.

    The trail, the key use and what knows the ends of sessions run threads of their own. Limits,
    blocks and nonces are in ``redis`` if there is one, else in this process's memory.
    """
    secret = secrets[SecretName.SESSION_SIGNING_SECRET]
    hasher = HmacKeyHasher(secrets[SecretName.API_KEY_HMAC_SECRET])
    redactor = TokenRedactor()
    chain = AuditChain(secrets[SecretName.AUDIT_CHAIN_KEY])
    limits = settings.limits
    guards = _Guards(limits, clock, redis)
    limit_parts = _limits(limits, guards)
    plugins = plugin_parts(settings, providers)
    issuers = trusted_issuers(settings, clock)
    identity = identity_parts(settings, secret, engine, clock, redis, issuers)
    mail = mail_parts(settings, secret, engine, clock)
    expiring = () if mail is None else (mail.ledger,)
    has_login = identity.login is not None
    trail = SqlAuditTrail(engine, clock, redactor, chain, _anchors(settings, chain, clock))
    vault = vault_parts(settings, engine)
    parts = Parts(
        clock=clock,
        trail=trail,
        repeats=Repeats(clock),
        sessions=SqlTenantSessions(engine),
        redactor=redactor,
        keys=KeyParts(
            reader=HeaderKeyReader(KEY_HEADER),
            hasher=hasher,
            directory=SqlKeyDirectory(engine),
            use=BackgroundKeyUse(engine),
            rotation=SqlKeyRotation(engine, hasher, clock, limits),
            revocation=SqlKeyRevocation(engine, clock),
            admin_gate=AdminTokenGate(secrets[SecretName.ADMIN_TOKEN]),
        ),
        tokens=session_parts(settings, secret, engine, clock, redis, issuers),
        permissions=TierPermissions(servers_of(plugins.plugins)),
        limits=limit_parts,
        scanner=scanner_parts(
            settings, guards.limiter("scanner", limits.scanner_requests, limits.scanner_window)
        ),
        oauth=_oauth(settings, secret, engine, guards, expiring, has_login=has_login),
        identity=identity,
        web=WebParts(PIPELINE, SECURITY_HEADERS, probes=_probes(engine, limit_parts)),
        mcp=mcp_parts(
            server_version(),
            secrets[SecretName.API_KEY_HMAC_SECRET],
            settings.page_size,
            clock,
            Fetcher(settings.fetch_origins),
            () if mail is None else (SendEmail(Mailer(mail, trail)),),
        ),
        plugins=plugins,
        vault=vault,
        mail=mail,
    )
    return with_credentials(parts, vault.credentials)


def servers_of(plugins: Iterable[PluginDef]) -> Iterator[ToolServer]:
    """Yield all servers: those of data, and one for each tool of a plugin, with its own tiers.

    Nobody knows what other programs do, so that they need the consent of those that change things.
    """
    yield from SERVERS
    for plugin in plugins:
        for tool in plugin.tools:
            name, own = plugin.name, frozenset({tool.name})
            yield ToolServer(name, own, tool.tiers, consent=Permission.WRITE)


def plugin_parts(settings: Settings, providers: ProviderKeys | None = None) -> PluginParts:
    """Return what tools of other programs are made of; ConfigurationError for a bad definition."""
    folder = settings.plugin_secrets
    shared = None if providers is None else providers.get
    return PluginParts(
        plugins=load_plugins(settings.plugins, shared),
        secrets=NoPluginSecrets() if folder is None else FilePluginSecrets(folder),
        runner=StdioRunner(),
        deliver=deliver,
        mask=mask,
        is_withheld=is_withheld,
    )


def mcp_parts(
    version: str,
    secret: bytes,
    page_size: int,
    clock: Clock,
    pages: PageFetcher,
    more: Sequence[Tool] = (),
) -> McpParts:
    """Return what the MCP endpoint of a server of this version is made of.

    ``secret`` is what keys of the protocol's own are derived from, each for one purpose; ``pages``
    fetches what callers' URLs name. ``more`` are tools that this server has as well.
    """
    return McpParts(
        tools=(*TOOLS, LandingPage(pages), *more),
        resources=RESOURCES,
        prompts=build_prompts(MetricResources()),
        cursors=SealedCursors(secret),
        states=ClockedStates(secret, clock),
        boundary=AuditedBoundary,
        tasks=TaskStore(clock),
        page_size=page_size,
        describe_failure=describe_failure,
        session_owner=session_owner,
        session_manager=session_manager,
        subscriptions=Subscriptions,
        notices=Notices,
        may_stay=may_stay,
        routes_to_mcp=is_mcp_path,
        server_version=version,
    )


def _anchors(settings: Settings, chain: AuditChain, clock: Clock) -> Anchors | None:
    if settings.audit_anchors is None:
        return None
    file = AnchorFile(settings.audit_anchors, chain)
    return Anchors(file, clock, settings.audit_anchor_seconds)


def _probes(engine: Engine, limits: LimitParts) -> dict[str, Callable[[], bool]]:
    """Return what readiness asks: all without which no request is let through."""
    statements = Statements(engine)

    def database() -> bool:
        with storage_guarded():
            found = statements.first("SELECT current_setting('transaction_read_only')", {})
        return found == ("off",)

    def guards() -> bool:
        limits.block.is_blocked("")
        limits.address.admit("")  # nobody's, and written down: a store may be full, and still read
        return True

    return {"database": database, "limits": guards, "log": is_log_written}


OWN_PATHS = ("/admin/api-keys/rotate", "/admin/api-keys/revoke", "/admin/sessions/revoke")
"""Paths of ours that a scanner might ask for as well."""
CREDENTIALS = frozenset({"x-api-key", "x-admin-token", "authorization", "cookie"})
"""Fields that carry a credential, in small letters."""


def scanner_parts(settings: Settings, velocity: Limiter) -> ScannerParts:
    """Return what tells scanners from clients."""
    return ScannerParts(
        paths=ProbePaths((*PATHS, *settings.refused_paths), own=OWN_PATHS),
        agents=ScannerAgents(
            (*SCANNING_TOOLS, *settings.refused_agents),
            settings.allowed_agents,
            shortest=settings.shortest_agent,
            oldest=settings.oldest_browser,
        ),
        velocity=velocity,
        credentials=CREDENTIALS | {settings.proxy_auth_header.lower(), *_of_providers(settings)},
        is_on=settings.scanner_triage,
    )


def _of_providers(settings: Settings) -> tuple[str, ...]:
    """Return the field by which a provider proves itself, whose webhooks are no scanner's."""
    return () if settings.mail_domain is None else (SIGNATURE,)


def _oauth(
    settings: Settings,
    secret: bytes,
    engine: Engine,
    guards: _Guards,
    expiring: Sequence[Forgetting],
    *,
    has_login: bool,
) -> OAuthParts:
    """Return what is made of OAuth; the authorization server is on where it has a public URL.

    ``expiring`` is what else is rid of what has expired.
    """
    limits, clock = settings.limits, guards.clock
    states = SqlOAuthStates(engine, clock, limits.oauth_state)
    grants = SqlGrants(engine, clock, limits)
    cleanup = OAuthCleanup([states, grants, *expiring], clock, limits.oauth_cleanup)
    authorization = _authorization(settings, secret, engine, grants, guards)
    if authorization is not None and has_login:
        authorization = replace(authorization, login=LOGIN)
    return OAuthParts(states, cleanup, authorization)


def _authorization(
    settings: Settings, secret: bytes, engine: Engine, grants: SqlGrants, guards: _Guards
) -> AuthorizationParts | None:
    issuer, resource = settings.public_url, resource_of(settings)
    if issuer is None or resource is None:
        return None
    limits, clock = settings.limits, guards.clock
    documents = settings.client_documents
    known = SqlClients(engine, clock, limits.oauth_client_unused, limits.oauth_clients)
    return AuthorizationParts(
        issuer=issuer,
        resource=resource,
        clients=DocumentClients(known, Fetcher(documents), clock, documents),
        grants=grants,
        consents=Consents(secret, clock, limits.oauth_consent),
        requests=guards.limiter(LimitScope.OAUTH, limits.oauth_requests, limits.oauth_window),
        registrations=guards.limiter(
            "oauth-registrations", limits.oauth_registrations, limits.oauth_registration_window
        ),
        access_seconds=limits.oauth_access,
        scopes=tuple(permission.value for permission in Permission),
        desks=make_desks,
    )


def _limits(limits: Limits, guards: _Guards) -> LimitParts:
    return LimitParts(
        address=guards.limiter(LimitScope.ADDRESS, limits.address_requests, limits.address_window),
        tenant=guards.of_tier(Tier.USER, LimitScope.TENANT),
        tiers={
            tier: guards.of_tier(tier, f"{LimitScope.TENANT}-{tier}")
            for tier in Tier
            if tier is not Tier.USER
        },
        auth=guards.limiter(LimitScope.AUTH, limits.auth_requests, limits.auth_window),
        block=guards.block(),
    )


class _Guards:
    """Makes what counts requests and failures, all of it in the same place."""

    def __init__(self, limits: Limits, clock: Clock, redis: Redis | None) -> None:
        self._limits, self.clock, self._redis = limits, clock, redis
        self._breaker = Breaker()

    def limiter(self, scope: str, requests: int, window: int) -> Limiter:
        if self._redis is None:
            return MovingWindowLimiter(self.clock, requests, window)
        from reference_server.limits.shared import ClockedRedis

        storage = ClockedRedis(self.clock, self._redis, self._breaker)
        return MovingWindowLimiter(self.clock, requests, window, storage=storage, scope=scope)

    def of_tier(self, tier: Tier, scope: str) -> Limiter:
        limits = self._limits
        return self.limiter(scope, limits.tenant_requests_of(tier), limits.tenant_window)

    def block(self) -> AddressBlock:
        limits = self._limits
        if self._redis is None:
            return FailureBlock(self.clock, limits.failures, limits.failure_window, limits.block)
        from reference_server.limits.shared import SharedFailureBlock

        return SharedFailureBlock(
            self.clock,
            self._redis,
            self._breaker,
            failures=limits.failures,
            window=limits.failure_window,
            block=limits.block,
        )
