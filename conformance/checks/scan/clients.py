"""SCAN, continued: who is no scanner is not refused as one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.checks.scan._common import (
    Script,
    clean_path,
    few,
    is_refusal,
    key_for_calls,
    key_for_paths,
    require_clean,
)
from conformance.forge.requests import Request, opening
from conformance.forge.scanners import ASKED_BY_ALL, Agent, clients
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

SHOWN = 5
LATE = 1
"""Seconds by which a request may be counted later than it was sent."""
WELL_KNOWN = "/.well-known/oauth-protected-resource"
NOBODY = Agent("no agent", None)


@requirement("SCAN-05")
def test_agents_of_clients_are_not_refused(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """Each asks what a client asks first; the judge's own agent is let in by the same request."""
    scanner, key = supplied(target.scanner), key_for_calls(target)
    knock = wire.knock(key)
    establish(not is_refusal(knock, scanner), f"the judge itself is let in (got {knock})")
    refused: list[str] = []
    for row in few(clients()):
        line = wire.derived(address=addresses.fresh())
        for client in row:
            answer = line.send(client.sends(opening(line.revision)), key=key)
            if is_refusal(answer, scanner):
                refused.append(f"{client.kind} {client}")
    knock = wire.knock(key)
    establish(not is_refusal(knock, scanner), f"the judge itself is still let in (got {knock})")
    assert not refused, (
        f"{len(refused)} of {len(clients())} clients are refused as scanners: "
        f"{'; '.join(refused[:SHOWN])}"
    )


@requirement("SCAN-05")
def test_paths_that_clients_try_are_not_refused(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """Whether they are there does not matter, only that nobody is taken for a scanner by them.

    Documents that are read before anybody can sign in are let go without an agent, too.
    """
    scanner, key = supplied(target.scanner), key_for_paths(target, addresses)
    health = [target.routes.health] if target.routes.health else []
    asked = [Request("GET", path) for path in (*ASKED_BY_ALL, *health)]
    asked += [NOBODY.sends(Request("GET", path)) for path in (WELL_KNOWN, *health)]
    refused: list[str] = []
    for row in few(asked):
        line = wire.derived(address=addresses.fresh())
        clean = line.send(Request("GET", clean_path()), key=key)
        require_clean(clean, scanner, "a path that nobody knows")
        for request in row:
            answer = line.send(request, key=key, is_guarded=request.path not in health)
            if is_refusal(answer, scanner):
                refused.append(f"{request.path}{' without an agent' if request.omitted else ''}")
    assert not refused, f"refused as a scanner's requests: {', '.join(refused)}"


@requirement("SCAN-05-b")
def test_who_shows_a_key_is_not_counted(
    wire: Wire, keys: Keys, addresses: AddressPool, target: Target
) -> None:
    """More requests with a right key, from one address, than may come without any."""
    scanner = supplied(target.scanner)
    line = wire.derived(address=addresses.fresh())
    count = (scanner.requests or 0) + 2
    for number in range(1, count + 1):
        answer = line.knock(keys.active)
        assert not is_refusal(answer, scanner), (
            f"request {number} of {count} with a right key was refused for its pace: {answer}"
        )


@requirement("SCAN-05-b")
def test_monitors_and_documents_are_not_counted(
    wire: Wire, addresses: AddressPool, target: Target
) -> None:
    """As many of each as all other requests together may be, and one more, of one address."""
    scanner = supplied(target.scanner)
    line = wire.derived(address=addresses.fresh(), meets_limits=True)
    paths = (target.routes.health, WELL_KNOWN)
    count = (scanner.requests or 0) + 1
    for path in filter(None, paths):
        require_clean(line.get(path), scanner, f"GET {path}")
        for number in range(2, count + 1):
            answer = line.get(path)
            if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
                break  # it is nobody's to read, or another guard has shut the address
            assert not is_refusal(answer, scanner), (
                f"request {number} of {count} for {path} was refused for its pace: {answer}"
            )


@requirement("SCAN-05-b")
def test_an_address_is_heard_again_when_it_has_been_quiet(
    wire: Wire, addresses: AddressPool, target: Target, passage: Passage
) -> None:
    """It has asked for all that it may; after the time in which that counts it asks once more."""
    script = Script(wire, addresses, target)
    script.spend()
    passage.of(script.scanner.window_seconds + LATE)
    answer = script.ask()
    assert not is_refusal(answer, script.scanner), (
        f"{script.scanner.window_seconds + LATE} s after it had asked {script.most} times, an "
        f"address is refused for its pace: {answer}"
    )
