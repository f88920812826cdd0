"""AUTH, continued: what a request says of the host it is for, and of its target."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.channels.http.stranger import let_in
from conformance.forge.hosts import absolute_targets, hosts
from conformance.requirement import requirement

if TYPE_CHECKING:
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire


def _places(wire: Wire) -> tuple[str, str]:
    """Return the target's host with its port, and a path that is likely to be open."""
    return urlsplit(wire.target.url).netloc, wire.target.routes.health or "/health"


@requirement("AUTH-18")
def test_no_form_of_the_host_reaches_a_tool(wire: Wire, good_case: GoodCase) -> None:
    """A guard that builds its path from Host reads a route that the router does not."""
    good_case.establish()
    good_case.establish_a_door()
    netloc, health = _places(wire)
    probe = wire.strongest_probe()
    requests = {f"Host: {host}": probe.with_header("Host", host) for host in hosts(netloc, health)}
    reached = let_in(wire.derived(may_be_silent=True), requests)
    assert not reached, f"without a key these forms of Host got a result or a session: {reached}"
    good_case.conclude()


@requirement("AUTH-18")
def test_no_absolute_target_reaches_a_tool(wire: Wire, good_case: GoodCase) -> None:
    """RFC 9112 has servers take targets in absolute form, and guards may compare the whole."""
    good_case.establish()
    good_case.establish_a_door()
    netloc, health = _places(wire)
    probe = wire.strongest_probe()
    targets = absolute_targets(netloc, wire.path, health)
    requests = {target: probe.but(path=target) for target in targets}
    reached = let_in(wire.derived(may_be_silent=True), requests)
    assert not reached, f"without a key these targets got a result or a session: {reached}"
    good_case.conclude()
