"""The Flask application: the chain before every URL, the headers after it, and the few views."""

from __future__ import annotations

import logging
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from flask import Flask, Response, g, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from reference_server.context import NO_VIEW, SCOPE_KEY, RequestContext
from reference_server.core.errors import StorageUnavailableError
from reference_server.observability.logs import log_event
from reference_server.web.answers import error, rate_limit_fields, unavailable
from reference_server.web.pipeline import run_pipeline
from reference_server.web.routes.admin import admin_routes
from reference_server.web.routes.auth import auth_routes
from reference_server.web.routes.authorization import authorization_routes
from reference_server.web.routes.health import health_routes
from reference_server.web.routes.login import login_routes
from reference_server.web.routes.mail import mail_routes
from reference_server.web.routes.oauth import oauth_routes
from reference_server.web.routes.orgs import org_routes
from reference_server.web.routes.ready import ready_routes

if TYPE_CHECKING:
    from flask import Request
    from werkzeug.routing import MapAdapter

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts

SECURITY_HEADERS = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": "default-src 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-DNS-Prefetch-Control": "off",
    }
)
"""On every answer, whoever wrote it; an answer's own value for one of these is replaced."""

REQUEST_ID = "X-Request-Id"

_SUCCESS = 2  # of a status, the first digit
_LIMITED = HTTPStatus.TOO_MANY_REQUESTS

LONGEST_BODY = 64 * 1024
"""Bytes accepted by the views; MCP has the SDK's own bound."""


class Application(Flask):
    """Flask, which looks for a view only where one may answer.

    To look for one takes a twentieth of a refusal, and the MCP endpoint has none.
    """

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the request's view; None where the gate has the SDK answer."""
        if request is not None and NO_VIEW in request.environ:
            return None
        return super().create_url_adapter(request)


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Compose the application from its parts. It opens nothing: every part is ready already."""
    del settings  # nothing of this application depends on them yet; the gate's checks do
    app = Application("reference_server", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined] -- Flask's default provider has it
    # A redirect would answer for a path that no view owns, so no path is rewritten.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    app.register_blueprint(health_routes())
    app.register_blueprint(ready_routes(parts.web.probes))
    app.register_blueprint(admin_routes(parts))
    app.register_blueprint(auth_routes(parts))
    app.register_blueprint(oauth_routes(parts))
    if parts.oauth.authorization is not None:
        app.register_blueprint(authorization_routes(parts, parts.oauth.authorization))
    app.register_blueprint(login_routes(parts))
    if parts.mail is not None:
        app.register_blueprint(mail_routes(parts, parts.mail))
    if parts.identity.organizations is not None:
        app.register_blueprint(org_routes(parts, parts.identity.organizations))
    _install_chain(app, parts)
    app.register_error_handler(Exception, _describe_error)
    return app


def _install_chain(app: Flask, parts: Parts) -> None:
    common = tuple(parts.web.security_headers.items())
    replaced = frozenset(name.lower() for name in (REQUEST_ID, *parts.web.security_headers))

    def run_chain() -> Response | None:
        g.context = context = _context_of_request()
        refusal = run_pipeline(context, parts)
        if refusal is None or refusal.status_code == _LIMITED:
            # Here, because it may take waiting, and after_request runs where nothing may wait.
            g.limits = _limits_told(context)
        return refusal

    def add_headers(response: Response) -> Response:
        context = cast("RequestContext | None", g.get("context"))
        request_id = (context and context.request_id) or str(uuid4())
        own = [field for field in response.headers if field[0].lower() not in replaced]
        response.headers = Headers([*own, (REQUEST_ID, request_id), *common])
        if (policy := g.get("content_policy")) is not None:
            response.headers["Content-Security-Policy"] = policy
        if response.status_code // 100 == _SUCCESS or response.status_code == _LIMITED:
            response.headers.update(g.get("limits", {}))
        return response

    app.before_request(run_chain)
    app.after_request(add_headers)


def _limits_told(context: RequestContext) -> dict[str, str]:
    """Return the fields that say how much of its limits a caller has left.

    Nobody learns it who has not proved who he is: a refusal must not differ from another by it.
    """
    if context.principal is None and not context.is_admin:
        return {}
    try:
        return rate_limit_fields(context.admissions)
    except StorageUnavailableError as error:
        # Every guard has decided by now, so that only the telling is left out.
        log_event(
            "storage_unavailable", context.request_id, logging.ERROR, error=error, stage="tell"
        )
        return {}


def _context_of_request() -> RequestContext:
    """Return the context that the gate made; one from Flask's request where there is no gate."""
    scope = request.environ.get("asgi.scope")
    if scope is not None:
        return scope[SCOPE_KEY]
    return RequestContext(
        request_id="",
        address=request.remote_addr or "",
        method=request.method,
        path=request.path,
        headers=tuple(request.headers.items()),
    )


def _describe_error(raised: Exception) -> Response:
    """Return a fixed body for the error: its text could hold what the caller must not see."""
    if isinstance(raised, HTTPException):
        answer = cast("Response", raised.get_response())
        code = HTTPStatus(answer.status_code).name.lower()
        body = error(answer.status_code, code)
        answer.set_data(body.get_data())
        answer.content_type = "application/json"
        return answer
    context = cast("RequestContext | None", g.get("context"))
    request_id = context.request_id if context else None
    log_event("request_failed", request_id, logging.ERROR, error=raised)
    if isinstance(raised, StorageUnavailableError):
        return unavailable()
    return error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_server_error")
