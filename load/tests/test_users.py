"""What users stand on: pace, seats, the lookout, and the reading of replies. No Locust here."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from conformance.profile.fields import ResultFields
from conformance.profile.sections import Resolved
from conformance.profile.target import DeclaredLimits, Target
from load.ledger import Conduct
from load.reply import Result, message_of, result_of, structured
from load.users.lookout import Lookout
from load.users.pace import Pace
from load.users.seats import Seats


def target(**limits: int) -> Target:
    return Target.model_validate(
        {
            "target": {"url": "http://127.0.0.1:9/mcp"},
            "limits": limits,
            "tenants": {
                "a": {"id": "tenant-a-id", "key": Resolved("key-a-key-a"), "canary": "canary/a"},
                "b": {"id": "tenant-b-id", "key": Resolved("key-b-key-b"), "canary": "canary/b"},
            },
        }
    )


def lookout() -> Lookout:
    tenants = target().tenants
    assert tenants is not None
    return Lookout(tenants, "a", ResultFields())


@pytest.mark.parametrize("users", [1, 3, 7])
def test_no_window_holds_more_than_its_limit_however_many_users_press(users: int) -> None:
    now = 0.0
    pace = Pace(DeclaredLimits(), 100, lambda: now)
    times: list[tuple[float, str]] = []
    for number in range(900):
        now = number / 50
        address = f"127.20.1.{number % users}"
        times.append((now + pace.delay(address, "a"), address))
    assert widest([time for time, _ in times]) <= 200
    for address in {address for _, address in times}:
        assert widest([time for time, where in times if where == address]) <= 100


def widest(times: list[float]) -> int:
    """Return the most of the times that lie within one minute."""
    return max(sum(start <= time < start + 60 for time in times) for start in times)


def test_an_unhurried_user_never_waits() -> None:
    now = 0.0
    pace = Pace(DeclaredLimits(), 100, lambda: now)
    for number in range(300):
        now = float(number)
        assert pace.delay("127.20.1.1", "a") == 0


def test_tenants_do_not_wait_for_each_other() -> None:
    pace = Pace(DeclaredLimits(tenant_requests=10), 0, lambda: 0.0)
    delays = [pace.delay(f"127.20.1.{number}", "a") for number in range(10)]
    assert delays[-1] > 0
    assert pace.delay("127.20.2.1", "b") == 0


def test_seats_alternate_tenants_and_never_share_an_address() -> None:
    seats = Seats(target())
    taken = [seats.take("StatelessUser", Conduct.WITHIN) for _ in range(600)]
    assert [seat.tenant for seat in taken[:4]] == ["a", "b", "a", "b"]
    assert len({seat.address for seat in taken}) == 600
    assert all(first.address != second.address for first, second in pairwise(taken))


def test_one_user_of_each_tenant_may_go_beyond_the_limits_and_no_more() -> None:
    seats = Seats(target())
    conducts = [seats.take("GreedyUser", Conduct.BEYOND).conduct for _ in range(4)]
    assert conducts == [Conduct.BEYOND, Conduct.BEYOND, Conduct.WITHIN, Conduct.WITHIN]


def test_nobody_goes_beyond_where_that_would_starve_the_tenant() -> None:
    seats = Seats(target(address_requests=100, tenant_requests=150))
    assert seats.reserved == 0
    assert seats.take("GreedyUser", Conduct.BEYOND).conduct is Conduct.WITHIN


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("…canary/b…", "canary"),
        ("canary%2Fb", "canary"),
        (b"canary/b".hex(), "canary"),
        ("tenant-b-id", "id"),
        ("key-b-key-b", "key"),
    ],
)
def test_what_is_the_other_tenants_is_found_in_any_spelling(text: str, what: str) -> None:
    assert lookout().foreign(text, {}, None) == [f"the other tenant's {what}"]


def test_what_is_ones_own_is_no_crossing() -> None:
    text = "canary/a tenant-a-id"
    assert not lookout().foreign(text, {}, None)
    assert lookout().shows_own_canary(text)


def test_a_tool_that_names_another_request_is_a_crossing() -> None:
    message: dict[str, Any] = {"result": {"structuredContent": {"requestId": "id-1"}}}
    assert lookout().foreign("", message, "id-2") == ["another request's id"]
    assert not lookout().foreign("", message, "id-1")


@pytest.mark.parametrize(
    ("message", "result"),
    [
        ({"result": {"content": []}}, Result.SUCCEEDED),
        ({"result": {"isError": True}}, Result.TOOL_ERROR),
        ({"error": {"code": -32600}}, Result.RPC_ERROR),
        ({"result": "text"}, Result.NONE),
        ({}, Result.NONE),
    ],
)
def test_a_reply_tells_what_the_call_came_to(message: dict[str, Any], result: Result) -> None:
    assert result_of(message) is result
    assert structured(message) == {}


def test_a_reply_is_read_from_json_and_from_an_event_stream() -> None:
    reply = {"jsonrpc": "2.0", "id": 1, "result": {"structuredContent": {"ok": True}}}
    notice = {"jsonrpc": "2.0", "method": "notifications/progress"}
    stream = "".join(f"event: message\ndata: {json.dumps(one)}\n\n" for one in (notice, reply))
    assert message_of(json.dumps(reply).encode()) == reply
    assert message_of(stream.encode()) == reply
    assert structured(message_of(stream.encode())) == {"ok": True}


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[1]", b"[" * 100_000, b"data:{"])
def test_a_body_that_is_no_reply_is_none(body: bytes) -> None:
    assert message_of(body) == {}
