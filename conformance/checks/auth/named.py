"""AUTH-05, continued: which tenant is named beside a right key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.auth._naming import Caller, own_words
from conformance.forge.naming import argument_places, places
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys


@requirement("AUTH-05")
def test_no_tenant_named_beside_the_key_takes_its_place(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """The calls were tenant A's own before; all that is new is a word that names tenant B.

    It may be refused or disregarded. What shows B's own was read as B, by a key of A.
    """
    establish(discovery.revisions, "the target speaks a known protocol revision with the key")
    elsewhere = wire.path_of(keys.b.active)
    for revision in discovery.eras:
        caller = Caller(wire.derived(revision=revision), keys.a, keys.b)
        caller.establish()
        for place in places(keys.b.tenant_id, own_words(wire.target), wire.path, elsewhere):
            moved = caller.moved_by(place)
            assert not moved, f"{revision}: with A's key, B was named by {moved}"


@requirement("AUTH-05")
def test_no_argument_names_the_tenant_of_a_call(wire: Wire, keys: Keys) -> None:
    """Arguments that no tool asks for may be refused; they may not choose whose data is read."""
    caller = Caller(wire, keys.a, keys.b)
    caller.establish()
    for place in argument_places(keys.b.tenant_id, own_words(wire.target)):
        moved = caller.moved_by_argument(place)
        assert not moved, f"with A's key, B was named by an argument of {moved}"
