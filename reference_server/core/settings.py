"""Frozen settings. They come from the command line or HALLMARK_* variables; secrets never do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import SecretMode

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """Counts and windows of seed 004 E; every window is in seconds."""

    address_requests: int = 100
    address_window: int = 60
    tenant_requests: int = 300
    tenant_window: int = 60
    auth_requests: int = 5
    auth_window: int = 900
    failures: int = 10
    failure_window: int = 3600
    block: int = 3600
    oauth_state: int = 600
    oauth_cleanup: int = 300
    rotation_grace: int = 24 * 3600
    key_lifetime: int = 365 * 24 * 3600


@dataclass(frozen=True)
class Settings:
    """Everything the server can be told, apart from secrets.

    ``database`` is a libpq URL of the runtime role without its password: that is a secret.
    ``workers`` processes serve one port, each with ``pool_size`` database connections; several need
    ``redis``, a URL without a password, to share their limits. MCP sessions live in one process, so
    several workers open none: each request stands for itself, which every revision allows.
    ``allowed_hosts`` and ``allowed_origins`` guard the MCP route against DNS rebinding.
    ``log_file`` None means standard output.
    """

    database: str
    secrets_dir: Path
    host: str = "127.0.0.1"
    port: int = 3001
    pool_size: int = 20
    workers: int = 1
    redis: str | None = None
    allowed_hosts: tuple[str, ...] = ("127.0.0.1:*", "localhost:*", "[::1]:*")
    allowed_origins: tuple[str, ...] = (
        "http://127.0.0.1:*",
        "http://localhost:*",
        "http://[::1]:*",
    )
    log_file: Path | None = None
    secret_mode: SecretMode = SecretMode.WARN
    limits: Limits = field(default_factory=Limits)
