"""The door of ``/auth``: so far only what shows that its limit holds."""

from __future__ import annotations

from flask import Blueprint


def auth_routes() -> Blueprint:
    """Return the blueprint of ``/auth``."""
    routes = Blueprint("auth", __name__, url_prefix="/auth")

    def placeholder() -> dict[str, bool]:
        return {"ok": True}

    routes.add_url_rule("/_placeholder", view_func=placeholder, methods=["GET"])
    return routes
