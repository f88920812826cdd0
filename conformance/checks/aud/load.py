"""AUD, continued: the trail under load, under hostile text, and when the server is killed."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.traffic import named_traffic
from conformance.channels.trail.finding import request_id
from conformance.forge.keys import random_key
from conformance.model import Channel
from conformance.profile.events import Event, Outcome
from conformance.profile.tools import failing
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.ways import Ways
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launcher
    from conformance.channels.trail.reader import AuditReader, AuditRow
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

AT_ONCE = 8
ROUNDS = 40
CALLS = 20
LAST_WORD = 25
"""Answered requests after which the process is killed."""
EITHER = (Event.AUTH_SUCCESS, Event.AUTH_FAILURE)


@requirement("AUD-08")
def test_no_answered_request_loses_its_row_when_the_server_is_killed(
    wire: Wire, keys: Keys, launcher: Launcher, auditor: AuditReader, target: Target
) -> None:
    """A process of its own is killed in the middle of traffic; whoever got an answer has a row.

    Of calls there are two: that a key was used, and what it was used for.
    """
    of_calls = target.tools.ping is not None and target.has(Channel.TOOL_CALLED_EVENT)
    with launcher.start() as process:
        establish(process.settle() is None, f"the server starts: {process.output()[-300:]}")
        line = wire.at(process.url(wire.path))
        traffic = named_traffic(line, keys.active, of_calls=of_calls)
        traffic.until(LAST_WORD, process.process.kill)
    answered = traffic.answered
    establish(len(answered) >= LAST_WORD, "requests were answered before the kill")
    for event in (Event.AUTH_SUCCESS, *([Event.TOOL_CALLED] if of_calls else ())):
        lost = auditor.unwritten(event, answered)
        assert not lost, (
            f"{len(lost)} of {len(answered)} answered requests have no row of {event.value}"
        )


@requirement("AUD-10")
def test_a_denied_administrator_is_on_the_trail(
    administrator: Administrator, auditor: AuditReader, target: Target
) -> None:
    """A wrong admin token: the row says when, from where, that it failed, and which request."""
    refused = administrator.attempt(random_key())
    establish(refused.status == HTTPStatus.UNAUTHORIZED, "a wrong token is refused")
    identity = request_id(refused, target)
    rows = auditor.wait_for_rows(
        lambda row: auditor.is_outcome(row, Outcome.FAILURE), request_id=identity
    )
    assert rows, f"no row tells of a failure for the denied request {identity}"
    assert rows[0].address, f"the row of the denied request, {rows[0].event!r}, has no address"
    found = auditor.rows(request_id=identity)
    assert not any(auditor.is_outcome(row, Outcome.SUCCESS) for row in found), (
        f"the denied request is on the trail as {[(row.event, row.outcome) for row in found]}"
    )
    assert rows[0].created_at, f"the row of the denied request, {rows[0].event!r}, has no time"


@requirement("AUD-10", also_needs=(Channel.KEYS,))
def test_a_denied_credential_is_on_the_trail_by_every_way(
    wire: Wire, keys: Keys, ways: Ways, auditor: AuditReader, target: Target
) -> None:
    """A wrong one by each way but that of keys, whose event has a requirement of its own."""
    for way in ways.beside_keys():
        refused = ways.send(ways.wrong(way, keys.a))
        establish(refused.status == HTTPStatus.UNAUTHORIZED, f"it is refused (got {refused})")
        identity = request_id(refused, target)
        rows = auditor.wait_for_rows(
            lambda row: auditor.is_outcome(row, Outcome.FAILURE), request_id=identity
        )
        assert rows, f"no row tells of a failure for {identity}, denied by {way.name}"
        assert rows[0].address, f"the row of {identity}, denied by {way.name}, has no address"
    establish(wire.knock(keys.active).succeeded, "a right key works there")


@requirement("AUD-13")
def test_rows_and_requests_match_under_load(
    wire: Wire, keys: Keys, auditor: AuditReader, addresses: AddressPool, target: Target
) -> None:
    """Both tenants' keys and wrong ones at once, from several addresses, and calls among them.

    One authentication row a request, and no row of a request names a tenant who did not send it.
    Each wrong key comes from another address: one that is blocked has rows of another event.
    """
    lines = [wire.derived(address=addresses.fresh()) for _ in range(AT_ONCE)]
    places = [line.address for line in lines]
    caller = wire.derived(address=addresses.fresh())
    tenants = (keys.a, keys.b)
    for tenant in tenants:  # so that no call has to open a session first
        establish(caller.call_ping(key=tenant.active).succeeded, "the key works")

    def knock(turn: int) -> tuple[str, str]:
        tenant = tenants[turn % 2]
        key = tenant.active if turn % 8 else keys.random()
        answer = lines[(turn + turn // AT_ONCE) % AT_ONCE].knock(key)
        return request_id(answer, target), tenant.tenant_id if turn % 8 else ""

    def call(turn: int) -> tuple[str, str]:
        tenant = tenants[turn % 2]
        answer = caller.call_ping(key=tenant.active)
        return request_id(answer, target), tenant.tenant_id

    work = [partial(knock, turn) for turn in range(ROUNDS)]
    for turn in range(CALLS):
        work.insert(2 * turn, partial(call, turn))
    sent = gather(lambda one: (one.func is knock, *one()), work, at_once=AT_ONCE)
    asked = Counter(identity for is_knock, identity, _ in sent if is_knock)
    found = auditor.wait_for_rows(
        lambda row: auditor.is_one(row, *EITHER) and row.address in places, count=ROUNDS
    )
    left = asked.keys() - {row.request_id for row in found}
    rows = auditor.rows()
    auditor.require_known([row for row in rows if row.request_id in left], *EITHER)
    assert Counter(row.request_id for row in found) == asked, (
        f"{len(found)} authentication rows from the addresses of {ROUNDS} requests, and for "
        f"{len(left)} of the requests none"
    )
    senders = {identity: tenant for _, identity, tenant in sent if tenant}
    for row in rows if auditor.fields.place("tenant") else ():
        sender = senders.get(row.request_id or "")
        assert sender is None or row.tenant in {None, sender}, (
            f"with both tenants at work, the row {row.event!r} of a request of tenant {sender} "
            f"names tenant {row.tenant!r}"
        )


def failure(
    wire: Wire, auditor: AuditReader, keys: Keys, arguments: dict[str, str]
) -> list[AuditRow]:
    """Call the tool that fails, and return all rows of that call but the caller's own entry."""
    answer = wire.call_tool(failing(wire.target).name, arguments, key=keys.active)
    establish(answer.was_a_tool_error, f"the tool fails (got {answer})")
    auditor.settle(request_id(wire.knock(keys.active), wire.target))
    rows = auditor.rows(request_id=request_id(answer, wire.target))
    told = [row for row in rows if not auditor.is_one(row, Event.AUTH_SUCCESS)]
    establish(told, "the failure is on the trail")
    return told


@requirement("AUD-14")
@pytest.mark.parametrize(
    "text",
    [
        "line one\nline two\r\n",
        '", "event": "login", "outcome": "ok", "x": "',
        "control \x01\x02\x1b[31m and \x7f",
        "nothing \x00 follows",
        "'); DELETE FROM audit_log; --",
        "\ud800 alone",
        "x" * 1_000_000,
    ],
    ids=["newlines", "JSON", "control bytes", "NUL", "SQL", "lone surrogate", "a megabyte"],
)
def test_a_callers_text_neither_breaks_nor_forges_a_row(
    wire: Wire, keys: Keys, auditor: AuditReader, target: Target, text: str
) -> None:
    """The text is a tool's error: it must end up inside one row, or be refused as a whole."""
    tool = failing(target)
    plain = failure(wire, auditor, keys, {tool.message_argument: "on purpose"})
    usual = sorted(str(row.event) for row in plain)
    mark = secrets.token_hex(8)
    message = f"{mark} {text}"
    answer = wire.call_tool(tool.name, {tool.message_argument: message}, key=keys.active)
    assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (
        f"a call with {text[:30]!r} was answered {answer}"
    )
    identity = request_id(answer, target)
    rows = auditor.wait_for_rows(
        lambda row: not auditor.is_one(row, Event.AUTH_SUCCESS),
        count=len(usual),
        request_id=identity,
    )
    found = sorted(str(row.event) for row in rows)
    assert len(found) <= len(usual), f"one call with {text[:30]!r} wrote the rows {found}"
    if answer.was_a_tool_error and not answer.error:
        # As sets: what is stored twice now and then is no other row.
        assert set(found) == set(usual), (
            f"a failed call with {text[:30]!r} wrote the rows {found}, a plain one {usual}"
        )
    broken = [line for line in auditor.unreadable() if mark in line]
    assert not broken, f"a failed call with {text[:30]!r} broke a row into {broken[0][:100]!r}"
    forged = [row for row in auditor.rows() if mark in json.dumps(row.metadata)]
    assert all(row.request_id == identity for row in forged), (
        f"the text of request {identity} is in rows of other requests: "
        f"{[row.request_id for row in forged if row.request_id != identity]}"
    )
    establish(wire.call_ping(key=keys.active).succeeded, "the server still serves")
