"""Liveness: the process answers. It says nothing of what lies behind it."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint

from reference_server.core.release import server_version


def health_routes() -> Blueprint:
    """Return the blueprint of ``GET /health``; its uptime, in whole seconds, starts now."""
    started = time.monotonic()
    known_version = server_version()
    routes = Blueprint("health", __name__)

    def health() -> dict[str, Any]:
        uptime = int(time.monotonic() - started)
        return {"ok": True, "version": known_version, "uptimeSec": uptime}

    routes.add_url_rule("/health", view_func=health, methods=["GET"])
    return routes
