"""ROT: a tenant gets a new key and the old one ends, in its own time."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.profile.target import Target

HOUR = 3600
MINUTE = 60


@requirement("ROT-01")
def test_a_rotated_key_works_at_once(administrator: Administrator, wire: Wire) -> None:
    """The first request after the rotation already carries the new key."""
    minted = administrator.mint()
    answer = wire.knock(minted)
    assert answer.status == HTTPStatus.OK, f"the new key was answered {answer}"
    assert answer.succeeded, f"the new key's request was not carried out: {answer}"


@requirement("ROT-02")
def test_the_old_key_works_until_its_grace_is_nearly_over(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """A client that picks up its new key within the day never sees a refusal."""
    old = administrator.mint()
    establish(wire.knock(old).succeeded, "the key works before it is rotated")
    administrator.mint()
    after = wire.knock(old)
    assert after.succeeded, f"right after the rotation, the old key was answered {after}"
    passage.of(target.limits.rotation_grace_seconds - 10 * MINUTE)
    late = wire.knock(old)
    assert late.succeeded, f"ten minutes before its grace ends, the old key was answered {late}"


@requirement("ROT-03")
def test_the_old_key_is_refused_an_hour_after_its_grace(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """The new key still works, so the old one is refused for its age and nothing else."""
    old, new = administrator.mint(), administrator.mint()
    establish(wire.knock(old).succeeded, "the old key works within the grace")
    passage.of(target.limits.rotation_grace_seconds + HOUR)
    establish(wire.knock(new).succeeded, "the new key works")
    answer = wire.knock(old)
    assert answer.status == HTTPStatus.UNAUTHORIZED, (
        f"an hour after its grace, the old key was answered {answer}"
    )
