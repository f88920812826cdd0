"""Start-up in production's shape: settings, secrets and a database that somebody else runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.errors import ConfigurationError
from reference_server.vocabulary import SecretName

if TYPE_CHECKING:
    from reference_server.parts import Parts
    from reference_server.settings import Settings
    from reference_server.variant import Variant


def run_production(settings: Settings, variant: Variant) -> int:
    """Serve until told to stop; return the exit code.

    ConfigurationError or DatabaseNotReadyError before any port is opened.
    """
    settings = variant.settings(settings)
    # The secrets first: a refusal need not wait for the imports below.
    secrets = variant.load_secrets(settings.secrets_dir)

    from reference_server.db.engine import check_ready, create_app_engine

    password = secrets[SecretName.DB_PASSWORD]
    engine = create_app_engine(settings.database, password, settings.pool_size)
    try:
        check_ready(engine)

        from reference_server.serve import serve
        from reference_server.services.clock import SystemClock
        from reference_server.wiring import build_parts

        parts = variant.parts(build_parts(settings, secrets, engine, SystemClock()))
        start_logging(settings, parts)
        return serve(settings, parts, None)
    finally:
        engine.dispose()


def start_logging(settings: Settings, parts: Parts) -> None:
    """Send every log line to where the settings say; ConfigurationError when that is impossible."""
    from reference_server.services.logs import configure_logging

    try:
        configure_logging(settings.log_file, parts.redactor)
    except OSError as error:
        raise ConfigurationError(
            f"The log file {settings.log_file} cannot be written ({error.strerror}): "
            "choose another --log-file."
        ) from error
