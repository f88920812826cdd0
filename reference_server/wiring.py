"""The real collaborators, wired once. Mutants replace one of them afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.app import SECURITY_HEADERS
from reference_server.db.chain import AuditChain
from reference_server.db.session import SqlTenantSessions
from reference_server.parts import Parts
from reference_server.pipeline import PIPELINE
from reference_server.protocol.failure import describe_failure
from reference_server.protocol.gate import is_mcp_path, session_owner
from reference_server.protocol.tools import TOOLS
from reference_server.release import server_version
from reference_server.services.admin import AdminTokenGate
from reference_server.services.audit import SqlAuditTrail
from reference_server.services.block import FailureBlock
from reference_server.services.credentials import HeaderKeyReader
from reference_server.services.key_use import BackgroundKeyUse
from reference_server.services.keys import HmacKeyHasher, SqlKeyDirectory
from reference_server.services.limits import MovingWindowLimiter
from reference_server.services.oauth_states import OAuthStateCleanup, SqlOAuthStates
from reference_server.services.redaction import TokenRedactor
from reference_server.services.revocation import SqlKeyRevocation
from reference_server.services.rotation import SqlKeyRotation
from reference_server.vocabulary import LimitScope, SecretName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis import Redis
    from sqlalchemy import Engine

    from reference_server.parts import AddressBlock, Clock, Limiter
    from reference_server.settings import Limits, Settings


def build_parts(
    settings: Settings,
    secrets: Mapping[SecretName, bytes],
    engine: Engine,
    clock: Clock,
    redis: Redis | None = None,
) -> Parts:
    """Return the collaborators of one server; the trail and the key use run threads of theirs.

    Limits and blocks are in ``redis`` if there is one, else in this process's memory.
    """
    limits = settings.limits
    guards = _Guards(limits, clock, redis)
    hasher = HmacKeyHasher(secrets[SecretName.API_KEY_HMAC_SECRET])
    redactor = TokenRedactor()
    oauth_states = SqlOAuthStates(engine, clock, limits.oauth_state)
    return Parts(
        clock=clock,
        pipeline=PIPELINE,
        credential_reader=HeaderKeyReader("X-Api-Key"),
        key_hasher=hasher,
        key_directory=SqlKeyDirectory(engine),
        key_use=BackgroundKeyUse(engine),
        key_rotation=SqlKeyRotation(engine, hasher, clock, limits),
        key_revocation=SqlKeyRevocation(engine, clock),
        admin_gate=AdminTokenGate(secrets[SecretName.ADMIN_TOKEN]),
        address_limiter=guards.limiter(
            LimitScope.ADDRESS, limits.address_requests, limits.address_window
        ),
        tenant_limiter=guards.limiter(
            LimitScope.TENANT, limits.tenant_requests, limits.tenant_window
        ),
        auth_limiter=guards.limiter(LimitScope.AUTH, limits.auth_requests, limits.auth_window),
        address_block=guards.block(),
        oauth_states=oauth_states,
        oauth_cleanup=OAuthStateCleanup(oauth_states, clock, limits.oauth_cleanup),
        trail=SqlAuditTrail(
            engine, clock, redactor, AuditChain(secrets[SecretName.AUDIT_CHAIN_KEY])
        ),
        sessions=SqlTenantSessions(engine),
        redactor=redactor,
        tools=TOOLS,
        security_headers=SECURITY_HEADERS,
        describe_failure=describe_failure,
        session_owner=session_owner,
        routes_to_mcp=is_mcp_path,
        server_version=server_version(),
    )


class _Guards:
    """Makes what counts requests and failures, all of it in the same place."""

    def __init__(self, limits: Limits, clock: Clock, redis: Redis | None) -> None:
        self._limits, self._clock, self._redis = limits, clock, redis

    def limiter(self, scope: LimitScope, requests: int, window: int) -> Limiter:
        if self._redis is None:
            return MovingWindowLimiter(self._clock, requests, window)
        from reference_server.services.shared import ClockedRedis

        storage = ClockedRedis(self._clock, self._redis)
        return MovingWindowLimiter(self._clock, requests, window, storage=storage, scope=scope)

    def block(self) -> AddressBlock:
        limits = self._limits
        if self._redis is None:
            return FailureBlock(self._clock, limits.failures, limits.failure_window, limits.block)
        from reference_server.services.shared import SharedFailureBlock

        return SharedFailureBlock(
            self._clock,
            self._redis,
            failures=limits.failures,
            window=limits.failure_window,
            block=limits.block,
        )
