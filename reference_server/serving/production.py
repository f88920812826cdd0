"""Start-up in production's shape: settings, secrets and a database that somebody else runs."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from reference_server.core.errors import ConfigurationError
from reference_server.core.providers import ProviderSecrets
from reference_server.core.secrets import (
    PROXY_SIGNING,
    PROXY_SIGNING_PREVIOUS,
    REDIS_PASSWORD,
    SESSION_SIGNING_PREVIOUS,
    find_exposed,
    find_secret,
    find_signing,
)
from reference_server.core.settings import check_secrets, check_sessions, check_sharing
from reference_server.core.vocabulary import SecretName

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from redis import Redis
    from sqlalchemy import Engine

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.variant import Variant

TESTING = (
    "*** TESTING: started with --testing, session_mode {mode}; where that is disabled, nobody is "
    "asked for a credential. For this machine alone: leave it out where others come. ***\n"
)
"""What an operator reads who has left the switch in a command."""


def run_production(settings: Settings, variant: Variant) -> int:
    """Serve until told to stop; return the exit code.

    ConfigurationError or DatabaseNotReadyError before any port is opened.
    """
    settings = variant.settings(settings)
    check_sharing(settings)
    check_sessions(settings)
    check_secrets(settings)
    if settings.testing:
        sys.stderr.write(TESTING.format(mode=settings.session_mode.value))
    # The secrets first: a refusal need not wait for the imports below.
    secrets = variant.load_secrets(settings.secrets_dir)
    find_signing(
        settings.secrets_dir, SESSION_SIGNING_PREVIOUS, PROXY_SIGNING, PROXY_SIGNING_PREVIOUS
    )
    exposed = find_exposed(settings.secrets_dir, settings.secret_mode)
    providers = ProviderSecrets.load(settings, os.environ)
    start = _Start(settings, variant, secrets, exposed, providers)
    return start.serve_alone() if settings.workers == 1 else start.serve_together()


@dataclass(frozen=True)
class _Start:
    """What a server process is made of."""

    settings: Settings
    variant: Variant
    secrets: Mapping[SecretName, bytes]
    exposed: Sequence[str]
    providers: ProviderSecrets

    def serve_alone(self) -> int:
        with ExitStack() as stack:
            engine = self._engine(stack)
            self._check(engine)
            return self._serve(engine, self._redis(stack), None)

    def serve_together(self) -> int:
        with ExitStack() as stack:
            self._check(self._engine(stack))
            self._redis(stack)

        # Imported before the workers part ways, which then share the memory.
        import_module("reference_server.wiring")
        from reference_server.serving.serve import bind
        from reference_server.serving.workers import supervise

        with bind(self.settings) as listener:
            return supervise(self.settings.workers, lambda: self._work(listener))

    def _check(self, engine: Engine) -> None:
        """Return when the database can be served from, and its trail holds its newest anchor."""
        self.variant.check_ready(engine)
        if self.settings.audit_anchors is None:
            return
        from reference_server.audit.anchors import AnchorFile, check_anchored
        from reference_server.core.clock import SystemClock
        from reference_server.db.chain import AuditChain

        chain = AuditChain(self.secrets[SecretName.AUDIT_CHAIN_KEY])
        check_anchored(engine, AnchorFile(self.settings.audit_anchors, chain), SystemClock())

    def _work(self, listener: socket.socket) -> int:
        with ExitStack() as stack:
            return self._serve(self._engine(stack), self._redis(stack), listener)

    def _engine(self, stack: ExitStack) -> Engine:
        from reference_server.db.engine import create_app_engine

        password = self.secrets[SecretName.DB_PASSWORD]
        engine = create_app_engine(self.settings.database, password, self.settings.pool_size)
        stack.callback(engine.dispose)
        return engine

    def _redis(self, stack: ExitStack) -> Redis | None:
        if self.settings.redis is None:
            return None
        from reference_server.limits.shared import connect_redis

        password = find_secret(self.settings.secrets_dir, REDIS_PASSWORD)
        return stack.enter_context(closing(connect_redis(self.settings.redis, password)))

    def _serve(self, engine: Engine, redis: Redis | None, listener: socket.socket | None) -> int:
        from reference_server.core.clock import SystemClock
        from reference_server.observability.logs import log_event
        from reference_server.serving.serve import serve
        from reference_server.wiring import build_parts

        made = build_parts(
            self.settings, self.secrets, engine, SystemClock(), redis, providers=self.providers
        )
        parts = self.variant.parts(made)
        start_logging(self.settings, parts)
        if self.settings.testing:
            log_event("testing", None, logging.WARNING, session_mode=self.settings.session_mode)
        for complaint in self.exposed:
            log_event("secret_exposed", None, logging.WARNING, message=complaint)
        for complaint in self.providers.complaints:
            log_event("secret_left_out", None, logging.WARNING, message=complaint)
        return serve(self.settings, parts, None, listener)


def start_logging(settings: Settings, parts: Parts) -> None:
    """Send every log line to where the settings say; ConfigurationError when that is impossible."""
    from reference_server.observability.logs import configure_logging

    try:
        configure_logging(settings.log_file, parts.redactor)
    except OSError as error:
        raise ConfigurationError(
            f"The log file {settings.log_file} cannot be written ({error.strerror}): "
            "choose another --log-file."
        ) from error
