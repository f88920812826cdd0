"""Login by an issuer, and what tells who is logged in."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome, TokenMethod
from reference_server.identity.contracts import LoginError, LoginFailure
from reference_server.web.answers import error, redirected
from reference_server.web.cookies import set_cookie, set_session_cookie

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.identity.contracts import BegunLogin, FinishedLogin, Login, Member
    from reference_server.parts import Parts
    from reference_server.sessions.contracts import Issued

LOGIN = "/login"
"""Where a browser is sent to sign in; its parameter ``next`` says where it goes on."""

_STATUS = {
    LoginFailure.UNINVITED: HTTPStatus.FORBIDDEN,
    LoginFailure.EXCHANGE: HTTPStatus.BAD_GATEWAY,
}
"""Answers that tell more than that a login was not right."""


def login_routes(parts: Parts) -> Blueprint:
    """Return the blueprint of ``/login``; without an issuer to log in by, there is only ``/me``."""
    routes = Blueprint("login", __name__)
    routes.add_url_rule("/me", view_func=_me, methods=["GET"])
    login = parts.identity.login
    if login is None or TokenMethod.COOKIE not in parts.tokens.extractor.methods:
        return routes

    def start() -> Response:
        try:
            begun = login.begin(request.args.get("next", "/"))
        except LoginError as failed:
            return _refused(parts, failed)
        return _sent_away(parts, begun)

    def callback() -> Response:
        return _come_back(parts, login)

    routes.add_url_rule(LOGIN, view_func=start, methods=["GET"])
    routes.add_url_rule("/login/callback", view_func=callback, methods=["GET"])
    return routes


def _me() -> Response:
    context: RequestContext = g.context
    principal = context.caller
    return jsonify(
        tenantId=str(principal.tenant_id), userId=principal.subject, roles=sorted(principal.roles)
    )


def _sent_away(parts: Parts, begun: BegunLogin) -> Response:
    response = redirected(begun.url)
    # Lax: the issuer, another site, sends the browser back.
    set_cookie(response, parts.identity.cookie, begun.cookie, begun.seconds, "Lax")
    return response


def _come_back(parts: Parts, login: Login) -> Response:
    answer = {name: request.args[name] for name in ("state", "code", "iss") if name in request.args}
    try:
        finished = login.finish(request.cookies.get(parts.identity.cookie), answer)
    except LoginError as failed:
        response = _refused(parts, failed)
    else:
        response = _logged_in(parts, finished)
    set_cookie(response, parts.identity.cookie, "", 0, "Lax")
    return response


def _logged_in(parts: Parts, finished: FinishedLogin) -> Response:
    issued = parts.tokens.issuer.begin(finished.member.principal())
    _audit(parts, finished.member, issued)
    response = redirected(finished.path)
    keep_session(parts, response, issued)
    return response


def keep_session(parts: Parts, response: Response, issued: Issued) -> None:
    """Have a browser keep a session, where a cookie is looked at."""
    # Lax: the browser that goes on comes from the issuer, another site.
    set_session_cookie(parts, response, issued.token, issued.seconds, "Lax")


def _refused(parts: Parts, failed: LoginError) -> Response:
    context: RequestContext = g.context
    metadata = {"reason": failed.failure.value}
    event = AuditEvent(EventType.LOGIN_FAILED, Outcome.FAILURE, metadata=metadata)
    parts.trail.write(context.attribute(event))
    status = _STATUS.get(failed.failure, HTTPStatus.BAD_REQUEST)
    return error(status, "not_invited" if status is HTTPStatus.FORBIDDEN else "login_failed")


def _audit(parts: Parts, member: Member, issued: Issued) -> None:
    """Write what has happened, in its order: a tenant and a user may have been made."""
    context: RequestContext = g.context
    told = {"subject": str(member.user_id)}
    session = {**told, "tokenId": issued.token_id, "session": issued.session_id}
    happened = [(EventType.TENANT_CREATED, told)] if member.is_first else []
    happened += [(EventType.USER_CREATED, told)] if member.is_new else []
    happened += [(EventType.LOGIN_SUCCEEDED, session), (EventType.SESSION_ISSUED, session)]
    events = [
        AuditEvent(event, Outcome.SUCCESS, tenant_id=member.tenant_id, metadata=metadata)
        for event, metadata in happened
    ]
    parts.trail.write(*map(context.attribute, events))
