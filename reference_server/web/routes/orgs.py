"""Organizations: what their members do to them, and going from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.identity.contracts import (
    MemberRole,
    NoMemberError,
    NotPermittedError,
    OrgOperation,
    OwnerlessError,
    Place,
)
from reference_server.web.answers import bad_request, error, forbidden
from reference_server.web.routes.login import keep_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.identity.contracts import Organizations
    from reference_server.parts import Parts

LONGEST_NAME = 120
LONGEST_SUBJECT = 255
"""Characters of a subject (OpenID Connect Core 1.0 section 2)."""

_EVENTS = {
    OrgOperation.RENAME: EventType.TENANT_RENAMED,
    OrgOperation.ADD: EventType.MEMBER_ADDED,
    OrgOperation.CHANGE: EventType.MEMBER_CHANGED,
    OrgOperation.REMOVE: EventType.MEMBER_REMOVED,
}


class _RefusedError(Exception):
    """An operation is not carried out; ``reason`` is for the trail, unless it is the caller's."""

    def __init__(self, response: Response, reason: str | None = None) -> None:
        super().__init__(reason)
        self.response, self.reason = response, reason


def org_routes(parts: Parts, orgs: Organizations) -> Blueprint:
    """Return the blueprint of ``/orgs``, for people who act for the organization they name."""
    routes = Blueprint("orgs", __name__, url_prefix="/orgs")
    views = _Views(parts, orgs)
    member = "/<uuid:org>/members/<subject>"
    for rule, method, operation, view in (
        ("/<uuid:org>", "GET", OrgOperation.SHOW, views.show),
        ("/<uuid:org>", "PATCH", OrgOperation.RENAME, views.rename),
        ("/<uuid:org>/members", "POST", OrgOperation.ADD, views.add),
        (member, "PATCH", OrgOperation.CHANGE, views.change),
        (member, "DELETE", OrgOperation.REMOVE, views.remove),
    ):
        routes.add_url_rule(
            rule, operation.value, views.operating(operation, view), methods=[method]
        )
    routes.add_url_rule("/switch", "switch", views.switch, methods=["POST"])
    return routes


@dataclass(frozen=True)
class _Views:
    """Views, each of which finds a ``Place`` where its caller is a member."""

    parts: Parts
    orgs: Organizations

    def operating(
        self, operation: OrgOperation, view: Callable[..., Response]
    ) -> Callable[..., Response]:
        """Return a view that carries an operation out, or refuses it, and writes down which."""

        def operate(org: UUID, **names: str) -> Response:
            try:
                response = view(_place(org), **names)
            except NoMemberError:
                refused = _RefusedError(_unknown(), "no member")
            except NotPermittedError as denied:
                refused = _RefusedError(forbidden(), f"role {denied.role.value}")
            except OwnerlessError:
                refused = _RefusedError(error(HTTPStatus.CONFLICT, "last_owner"), "last owner")
            except _RefusedError as found:
                refused = found
            else:
                if operation in _EVENTS:
                    told = {"operation": operation.value, **names, **_told()}
                    _audit(self.parts, _EVENTS[operation], Outcome.SUCCESS, told)
                return response
            if refused.reason is not None:
                told = {"operation": operation.value, "reason": refused.reason}
                _audit(self.parts, EventType.REQUEST_REFUSED, Outcome.FAILURE, told)
            return refused.response

        return operate

    def show(self, place: Place) -> Response:
        """Tell its name and its members."""
        found = self.orgs.show(place)
        members = [{"subject": subject, "role": role.value} for subject, role in found.members]
        return jsonify(org=str(place.tenant), name=found.name, members=members)

    def rename(self, place: Place) -> Response:
        """Give it the name of the body."""
        self.orgs.rename(place, _text("name", LONGEST_NAME))
        return self.show(place)

    def add(self, place: Place) -> Response:
        """Make somebody a member."""
        subject = _text("subject", LONGEST_SUBJECT)
        if not self.orgs.add(place, self.parts.identity.issuer, subject, _role()):
            raise _RefusedError(error(HTTPStatus.CONFLICT, "already_member", field="subject"))
        response = self.show(place)
        response.status_code = HTTPStatus.CREATED
        return response

    def change(self, place: Place, subject: str) -> Response:
        """Give a member another role."""
        if not self.orgs.change(place, self.parts.identity.issuer, subject, _role()):
            raise _nobody()
        return self.show(place)

    def remove(self, place: Place, subject: str) -> Response:
        """End a membership."""
        if not self.orgs.remove(place, self.parts.identity.issuer, subject):
            raise _nobody()
        return Response(status=HTTPStatus.NO_CONTENT)

    def switch(self) -> Response:
        """Begin a session of the same person for another organization of his."""
        try:
            person, org = _person(), _org()
        except _RefusedError as refused:
            return refused.response
        member = self.orgs.find(org, UUID(person.subject))
        if member is None:
            # One answer for an organization of others and for none.
            _audit(self.parts, EventType.REQUEST_REFUSED, Outcome.FAILURE, {"operation": "switch"})
            return _unknown()
        issued = self.parts.tokens.issuer.begin(member.principal())
        told = {"tokenId": issued.token_id, "session": issued.session_id}
        told["from"] = str(person.tenant_id)
        event = AuditEvent(EventType.SESSION_ISSUED, Outcome.SUCCESS, tenant_id=org, metadata=told)
        context: RequestContext = g.context
        self.parts.trail.write(context.attribute(event))
        response = jsonify(
            token=issued.token,
            tokenType="Bearer",
            expiresIn=issued.seconds,
            org=str(org),
            role=member.role.value,
        )
        keep_session(self.parts, response, issued)
        return response


def _person() -> Principal:
    """Return who asks, where that is a person by a session of his own.

    No key is a member; and what a client was given for one organization is not for another.
    """
    context: RequestContext = g.context
    principal = context.principal
    if principal is None or principal.member_id is None or principal.client_id is not None:
        raise _RefusedError(forbidden(), "no person")
    return principal


def _place(org: UUID) -> Place:
    """Return where a person acts: in the organization that his session is for, and in no other."""
    principal = _person()
    if org != principal.tenant_id or principal.member_id is None:
        raise _RefusedError(_unknown(), "another organization")
    return Place(org, principal.member_id)


def _audit(parts: Parts, event: EventType, outcome: Outcome, metadata: dict[str, str]) -> None:
    context: RequestContext = g.context
    parts.trail.write(context.attribute(AuditEvent(event, outcome, metadata=metadata)))


def _told() -> dict[str, str]:
    """Return what of the body says what was done."""
    body = _body()
    return {name: str(body[name]) for name in ("subject", "role", "name") if name in body}


def _unknown() -> Response:
    return error(HTTPStatus.NOT_FOUND, "unknown_organization")


def _nobody() -> _RefusedError:
    return _RefusedError(error(HTTPStatus.NOT_FOUND, "unknown_member", field="subject"))


def _bad(field: str, message: str) -> _RefusedError:
    return _RefusedError(bad_request(field, message))


def _body() -> dict[str, Any]:
    if not request.get_data(cache=True):
        return {}
    found: Any = request.get_json(force=True, silent=True)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _text(field: str, longest: int) -> str:
    value = _body().get(field)
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
        raise _bad(field, f"give a text of 1 to {longest} printable characters")
    return value


def _role() -> MemberRole:
    value = _body().get("role")
    if not isinstance(value, str) or value not in set(MemberRole):
        raise _bad("role", f"give one of {', '.join(MemberRole)}")
    return MemberRole(value)


def _org() -> UUID:
    value = _body().get("org")
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise _bad("org", "give the id of an organization") from None
