"""AUTH-10: what a request says of its path, or of its method, beside those that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.paths import overrides, variants
from conformance.requirement import requirement

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.paths import Override


@requirement("AUTH-10")
def test_no_spelling_of_the_path_reaches_a_tool(wire: Wire, good_case: GoodCase) -> None:
    """A guard and a router that read one path differently leave a door between them."""
    good_case.establish_a_door()
    probe = wire.strongest_probe()
    reached = {
        path: str(answer)
        for path in variants(wire.path)
        if (answer := wire.send(probe.but(path=path))).executed
    }
    assert not reached, (
        "without a key these paths got a result or a session: "
        f"{'; '.join(map(': '.join, reached.items()))}"
    )
    good_case.conclude()


@requirement("AUTH-10")
def test_no_override_header_reaches_a_tool(wire: Wire, good_case: GoodCase) -> None:
    """Some routers believe headers that rename the method or the path; a guard must, too.

    The guard may also be the one that believes them, and take a call for what needs no key.
    """
    good_case.establish_a_door()
    reached: dict[str, str] = {}
    plain: dict[tuple[str, str | None], Answer] = {}
    for claim in overrides(wire.path, filter(None, [wire.target.routes.health])):
        found = overridden(wire, claim, *claim.headers)
        if claim.kind not in plain:
            plain[claim.kind] = overridden(wire, claim)
        if not found.executed and found.status == plain[claim.kind].status:
            continue
        # One of them may be what is refused, and another what is believed.
        singly = {claim.told(name): overridden(wire, claim, name) for name in claim.headers}
        guilty = {what: str(answer) for what, answer in singly.items() if answer.executed}
        if found.executed and not guilty:
            guilty = {claim.told(*claim.headers): str(found)}
        reached |= guilty
    assert not reached, (
        "without a key these requests with an override header got a result or a session: "
        f"{'; '.join(map(': '.join, reached.items()))}"
    )
    good_case.conclude()


def overridden(wire: Wire, claim: Override, *names: str) -> Answer:
    """Send a request without a key that claims another method or path in some headers."""
    request = wire.strongest_probe().but(method=claim.method, path=claim.path)
    for name in names:
        request = request.with_header(name, claim.value)
    return wire.send(request)
