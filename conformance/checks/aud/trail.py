"""AUD: what happened can be read from the trail, and the trail cannot be bent."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from conformance.channels.http.details import as_taken
from conformance.channels.http.exhaustion import LIMITED, Exhaustion
from conformance.channels.sql.functions import changers_of_the_trail
from conformance.channels.sql.tampering import tampered
from conformance.channels.trail.finding import request_id, scopes_of
from conformance.checks.aud._common import Failure, sent_in_turn, wrong_rows
from conformance.forge.guise import in_guise
from conformance.forge.keys import TenantKeys
from conformance.model import Channel
from conformance.profile.events import Event, Outcome, Reason, Scope
from conformance.profile.tools import detail_argument, failing
from conformance.requirement import requirement
from conformance.text.nested import properties
from conformance.text.redaction import spellings
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.trail.reader import AuditReader, AuditRow
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

PERSONAL = {"email", "name", "firstname", "lastname", "phone", "address"}


@requirement("AUD-01")
def test_a_failed_authentication_is_audited_with_its_reason(
    wire: Wire, auditor: AuditReader, target: Target, keys_or_random: Keys
) -> None:
    """Found by the request's own id, so no other request's row can stand in for it."""
    failures = {Reason.MISSING: None, Reason.INVALID: keys_or_random.random()}
    sent = {reason: request_id(wire.knock(key), target) for reason, key in failures.items()}
    auditor.settle(request_id(wire.knock(), target))
    for reason, identity in sent.items():
        rows = auditor.of(Event.AUTH_FAILURE, request_id=identity)
        assert len(rows) == 1, f"{len(rows)} rows for a key that is {reason}"
        assert auditor.meaning("reason", rows[0].reason, reason) == reason, (
            f"the row for a key that is {reason} gives the reason {rows[0].reason!r}"
        )
        assert auditor.is_outcome(rows[0], Outcome.FAILURE), (
            f"the row for a key that is {reason} has the outcome {rows[0].outcome!r}"
        )


@requirement("AUD-02")
def test_an_authenticated_request_is_audited_once(
    wire: Wire, auditor: AuditReader, keys: Keys
) -> None:
    """Of two tenants in turn: what is remembered of one may not stand in the other's row."""

    def ask(key: str) -> Answer:
        answer = wire.knock(key)
        establish(answer.succeeded, "the key works")
        return answer

    sent = sent_in_turn((keys.a, keys.b, keys.a), ask, wire, auditor)
    wrong = wrong_rows(auditor, Event.AUTH_SUCCESS, sent)
    assert not wrong, wrong


@requirement("AUD-03", also_needs=(Channel.TOOL_CALLED_EVENT,))
def test_a_tool_call_is_audited_once_with_tool_tenant_and_request(
    wire: Wire, auditor: AuditReader, target: Target, keys: Keys
) -> None:
    """One producer writes the row, so there is one, whatever the tool. Two tenants call in turn."""

    def ask(key: str) -> Answer:
        answer = wire.call_ping(key=key)
        establish(answer.succeeded, "the tool works")
        return answer

    sent = sent_in_turn((keys.a, keys.b, keys.a), ask, wire, auditor)
    wrong = wrong_rows(auditor, Event.TOOL_CALLED, sent, tool=target.tools.ping)
    assert not wrong, wrong


@requirement("AUD-03", also_needs=(Channel.TOOL_FAILED_EVENT,))
def test_a_failed_tool_call_is_audited_once(
    wire: Wire, auditor: AuditReader, target: Target, keys: Keys
) -> None:
    """The tool fails because it is told to, for two tenants; the trail must say that it did."""
    tool = failing(target)

    def ask(key: str) -> Answer:
        answer = wire.call_tool(tool.name, {tool.message_argument: "on purpose"}, key=key)
        establish(answer.was_a_tool_error, "the tool fails")
        return answer

    sent = sent_in_turn((keys.a, keys.b), ask, wire, auditor)
    wrong = wrong_rows(auditor, Event.TOOL_FAILED, sent, tool=tool.name, outcome=Outcome.FAILURE)
    assert not wrong, wrong


@requirement("AUD-04", also_needs=(Channel.ADDRESSES, Channel.FAILURE_LIMIT, Channel.BLOCK_EVENT))
def test_a_block_is_audited(
    wire: Wire, auditor: AuditReader, addresses: AddressPool, target: Target, keys_or_random: Keys
) -> None:
    """Failures from one address until the block must have engaged, and one request more."""
    address = addresses.fresh()
    line = wire.derived(address=address, meets_limits=True)  # a block's own refusal may be 429
    for _ in range(target.limits.auth_failures + 3):
        line.knock(keys_or_random.random())
    rows = auditor.of(Event.ADDRESS_BLOCKED, address=address)
    assert rows, "no row tells of the block"


@requirement(
    "AUD-04",
    also_needs=(Channel.SPARE_TENANT, Channel.ADMIN, Channel.ROTATE_ROUTE, Channel.ROTATION_EVENT),
)
def test_a_rotation_is_audited(
    wire: Wire, auditor: AuditReader, administrator: Administrator, target: Target
) -> None:
    """Two rotations, two more rows for their tenant: a row that comes twice shows by the second."""

    def tells(row: AuditRow) -> bool:
        return auditor.is_one(row, Event.KEY_ROTATED) and row.tenant == administrator.tenant_id

    if later := wire.knock().header(target.headers.request_id):
        auditor.settle(later)  # rows of rotations before this check have been stored by then
    rows = auditor.rows()
    before = sum(map(tells, rows))
    for _ in range(2):
        administrator.mint()
    added = len(auditor.wait_for_rows(tells, count=before + 2)) - before
    if added < 2:
        whose = {None, administrator.tenant_id}
        new = auditor.rows()[len(rows) :]
        auditor.require_known([row for row in new if row.tenant in whose], Event.KEY_ROTATED)
    assert added == 2, (
        f"two rotations added {added} rows named {auditor.events.told(Event.KEY_ROTATED)} for "
        "their tenant"
    )


@requirement("AUD-05")
def test_the_runtime_role_cannot_change_the_trail(
    app_sql: AppDatabase, wire: Wire, target: Target
) -> None:
    """Every statement is tried for real, as the server's own role, and rolled back.

    A policy may open a tenant's rows to that tenant alone, so it is tried as each, too.
    """
    contexts: list[tuple[str, str | None]] = [("without a tenant", None)]
    wire.knock()  # so that there is a row to attack
    if target.tenants is not None:
        for name, tenant in (("A", target.tenants.a), ("B", target.tenants.b)):
            wire.knock(TenantKeys(tenant).active)
            contexts.append((f"as tenant {name}", tenant.id))
    done = tampered(app_sql, audit_column(app_sql, target), contexts)
    assert not done, (
        f"carried out as the runtime role against {app_sql.channel.audit_table}: {', '.join(done)}"
    )


@requirement("AUD-05")
def test_no_function_changes_the_trail_for_the_runtime_role(app_sql: AppDatabase) -> None:
    """A SECURITY DEFINER function does with its owner's rights what it says that it does.

    One that asks who calls may refuse the runtime role.
    """
    functions, asking = changers_of_the_trail(app_sql)
    assert not functions, (
        f"the runtime role may call what changes {app_sql.channel.audit_table} with its owner's "
        f"rights: {', '.join(functions)}"
    )
    establish(not asking, f"what asks who calls refuses the runtime role: {', '.join(asking)}")


def audit_column(app_sql: AppDatabase, target: Target) -> str:
    """Return a column of the trail: the one that names the tenant."""
    trail = target.fields.trail
    declared = trail.column("tenant") if trail.is_declared("tenant") else None
    return declared or app_sql.channel.tenant_column


@requirement("AUD-06")
def test_personal_data_never_reaches_the_trail(
    wire: Wire, auditor: AuditReader, target: Target, keys: Keys
) -> None:
    """A failing tool hands the trail a detail full of it, at every depth and in every case.

    It is told in the form that the tool takes; what it may only have refused shows nothing.
    """
    tool = failing(target)
    argument, mark = detail_argument(tool), secrets.token_hex(8)
    told: dict[str, Any] = {tool.message_argument: "on purpose"}
    plain = Failure.of(wire, auditor, keys, told)
    own = {path for row in plain.rows for path, _ in properties(row.metadata)}
    personal = in_guise(f"pii-{secrets.token_hex(8)}")
    detail: dict[str, Any] = {
        "attempt": mark,
        "email": personal,
        "EMAIL": personal,
        "firstName": personal,
        "user": {"Name": personal, "last_name": personal, "deep": [{"Phone": personal}]},
        "list": [[{"address": {"street": personal}}]],
    }
    taken = as_taken(wire, tool.name, argument, detail, key=keys.active)
    failed = Failure.of(wire, auditor, keys, told | {argument: taken})
    # What is there without personal data is the trail's own, such as the name of the tool.
    rows = failed.rows
    paths = [path for row in rows for path, _ in properties(row.metadata) if path not in own]
    found = [".".join(path) for path in paths if _folded(path[-1]) in PERSONAL]
    assert not found, f"the rows of the failed call hold personal fields: {', '.join(found)}"
    assert personal not in json.dumps([row.metadata for row in rows]), (
        f"the rows of the failed call hold {personal}, sent as personal data"
    )
    failed.require_told(mark, plain)


@requirement("AUD-07")
def test_no_credential_is_in_any_row(
    wire: Wire, auditor: AuditReader, target: Target, keys: Keys
) -> None:
    """Right and wrong keys, and tokens in an error, are sent; then the whole trail is read.

    What the tool may only have refused shows nothing of what is written of an error.
    """
    tool = failing(target)
    planted = {
        "a wrong key": keys.random(),
        "a bearer token": f"ya29.{secrets.token_urlsafe(24)}",
        "a page token": f"EAA{secrets.token_hex(16)}",
        "a property": secrets.token_urlsafe(24),
    }
    wire.knock(planted["a wrong key"])
    plain = Failure.of(wire, auditor, keys, {tool.message_argument: "on purpose"})
    mark = secrets.token_hex(8)
    words = f"{mark} Bearer {planted['a bearer token']} {planted['a page token']}"
    told: dict[str, Any] = {tool.message_argument: words}
    if argument := tool.detail_argument:
        detail = {"attempt": mark, "nested": [{"access_token": planted["a property"]}]}
        told[argument] = as_taken(wire, tool.name, argument, detail, key=keys.active)
    failed = Failure.of(wire, auditor, keys, told)
    trail = auditor.text()
    secret = {**planted, "tenant A's key": keys.a.active, "tenant B's key": keys.b.active}
    if target.admin is not None:
        secret["the admin token"] = target.admin.token
    found = [
        what for what, value in secret.items() if any(form in trail for form in spellings(value))
    ]
    assert not found, f"the trail holds {', '.join(found)}"
    failed.require_told(mark, plain)


@requirement(
    "AUD-04",
    also_needs=(
        Channel.SPARE_TENANT,
        Channel.ADDRESSES,
        Channel.ADDRESS_LIMIT,
        Channel.LIMIT_EVENT,
    ),
)
def test_an_exceeded_limit_is_audited_with_its_scope(
    exhaustion: Exhaustion, auditor: AuditReader, target: Target
) -> None:
    """An address at its limit goes on: each refusal has one row of its own."""
    line, key = exhaustion.address_at_limit()
    refused = line.knock(key)
    establish(refused.status == LIMITED, f"the limit refuses (got {refused.status})")
    scopes = scopes_of(refused, auditor, target, Scope.ADDRESS, line.address)
    assert scopes == [Scope.ADDRESS], (
        f"the refusal of an address has {len(scopes)} audit rows, with the scopes {scopes}"
    )


def _folded(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()
