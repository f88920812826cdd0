"""ROT, first: tenants whose keys were not rotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

HOUR = 3600


@requirement("ROT-07")
def test_a_rotation_touches_no_other_tenant(
    administrator: Administrator, wire: Wire, keys: Keys, passage: Passage, target: Target
) -> None:
    """The other tenants' keys outlive the grace of a rotation that was not theirs.

    It is judged before all that lets a grace pass: where a rotation touches everyone, no other
    tenant's key is left after that, and nothing can be established.
    """
    for tenant in (keys.a, keys.b):
        establish(wire.knock(tenant.active).succeeded, "the other tenants' keys work before it")
    administrator.mint()
    passage.of(target.limits.rotation_grace_seconds + HOUR)
    for tenant in (keys.a, keys.b):
        answer = wire.knock(tenant.active)
        assert answer.succeeded, (
            f"past the grace of another tenant's rotation, a key was answered {answer}"
        )
