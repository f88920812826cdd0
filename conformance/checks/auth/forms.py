"""AUTH, continued: requests that carry more than one claim, and the keys the server mints."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.randomness import faults_of
from conformance.checks.auth.keys import REFUSED
from conformance.forge.requests import opening, rpc
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.forge.requests import Request
    from conformance.profile.target import Target

UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
MINTED = 16


def refusals(target: Target) -> frozenset[int]:
    """Return what refuses two keys: the refusal that the profile declares, or an edge's own."""
    if target.answers.unauthorized is not None:
        return frozenset({UNAUTHORIZED})
    return REFUSED


def _establish(wire: Wire, keys: Keys) -> None:
    """Show that the key is what lets a request in, so that two of them are two claims."""
    establish(wire.knock(keys.active).succeeded, "the key works by itself")
    wrong = wire.knock(keys.random())
    establish(not wrong.executed, f"a wrong key is refused (got {wrong})")


@requirement("AUTH-09")
@pytest.mark.parametrize("order", ["right first", "wrong first", "both right"])
def test_a_repeated_key_header_is_refused(wire: Wire, keys: Keys, order: str) -> None:
    """Proxies and servers differ in which of two headers they believe, so neither may count."""
    _establish(wire, keys)
    right, wrong = keys.active, keys.random()
    pairs = {
        "right first": (right, wrong),
        "wrong first": (wrong, right),
        "both right": (right, right),
    }
    headers = tuple(wire.key_header(key) for key in pairs[order])
    answer = wire.send(opening(wire.revision).but(repeated=headers))
    assert answer.status in refusals(wire.target), (
        f"two key headers ({order}) were answered {answer}"
    )
    assert not answer.executed, f"two key headers ({order}) got a result or a session: {answer}"


@requirement("AUTH-09")
@pytest.mark.parametrize("joint", [",", ", ", ";", " "])
def test_joined_keys_are_refused(wire: Wire, keys: Keys, joint: str) -> None:
    """A proxy may join repeated headers into one; that is two claims still."""
    _establish(wire, keys)
    for pair in ((keys.active, keys.random()), (keys.random(), keys.active), (keys.active,) * 2):
        answer = wire.knock(joint.join(pair))
        assert answer.status in refusals(wire.target), (
            f"keys joined by {joint!r} were answered {answer}"
        )
        assert not answer.executed, f"keys joined by {joint!r} got a result or a session: {answer}"


def smuggled(wire: Wire) -> dict[str, Request]:
    """Return requests that claim to be harmless, and hold a call."""
    probe = wire.strongest_probe()
    message = json.loads(probe.body or b"{}")
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    claims = ("notifications/initialized", "ping", "server/discover", "initialize")
    requests = {
        "a batch": probe.but(body=json.dumps([message]).encode()),
        "a batch behind a notification": probe.but(body=json.dumps([note, message]).encode()),
        "a notification": rpc("notifications/initialized", revision=wire.revision, message_id=None),
        "a call without id": probe.but(
            body=json.dumps({k: v for k, v in message.items() if k != "id"}).encode()
        ),
        "an empty body": probe.but(body=b""),
    }
    for claim in claims:
        requests[f"a call said to be {claim}"] = probe.with_header("Mcp-Method", claim)
    return requests


@requirement("AUTH-12")
def test_no_form_of_a_message_smuggles_a_call(wire: Wire, good_case: GoodCase) -> None:
    """Whatever the body is, or a header says it is; an edge may refuse a malformed one."""
    reached = {
        what: str(answer)
        for what, request in smuggled(wire).items()
        if (answer := wire.send(request)).status not in REFUSED or answer.executed
    }
    assert not reached, (
        "without a key these messages were not refused: "
        f"{'; '.join(map(': '.join, reached.items()))}"
    )
    good_case.conclude()


@requirement("AUTH-15")
def test_minted_keys_are_random_through_and_through(administrator: Administrator) -> None:
    """A fixed, a repeated or a lopsided part shows in sixteen keys; chance looks like none."""
    with administrator.minting() as minted:
        faults = faults_of([minted() for _ in range(MINTED)])
    assert not faults, f"{MINTED} minted keys were not random throughout: {'; '.join(faults)}"
