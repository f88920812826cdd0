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
from reference_server.services.redaction import TokenRedactor
from reference_server.services.revocation import SqlKeyRevocation
from reference_server.services.rotation import SqlKeyRotation
from reference_server.vocabulary import SecretName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from reference_server.parts import Clock
    from reference_server.settings import Settings


def build_parts(
    settings: Settings, secrets: Mapping[SecretName, bytes], engine: Engine, clock: Clock
) -> Parts:
    """Return the collaborators of one server; the trail and the key use run threads of theirs."""
    limits = settings.limits
    hasher = HmacKeyHasher(secrets[SecretName.API_KEY_HMAC_SECRET])
    redactor = TokenRedactor()
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
        address_limiter=MovingWindowLimiter(clock, limits.address_requests, limits.address_window),
        tenant_limiter=MovingWindowLimiter(clock, limits.tenant_requests, limits.tenant_window),
        auth_limiter=MovingWindowLimiter(clock, limits.auth_requests, limits.auth_window),
        address_block=FailureBlock(clock, limits.failures, limits.failure_window, limits.block),
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
