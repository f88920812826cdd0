"""ROT, first: keys that were neither rotated nor revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.answer import DONE
from conformance.profile.target import supplied
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


@requirement("ROT-09")
def test_a_revocation_ends_no_other_key(
    administrator: Administrator, wire: Wire, target: Target
) -> None:
    """The others worked until then, and nothing else was done.

    Of the tenant's own one is older than the key that ends, and one newer: what tells keys apart
    may be a number, a place in a list or a description.
    """
    tenants = supplied(target.tenants)
    others = {"the key made before it": administrator.mint()}
    ended, identity = administrator.mint_with_id()
    others |= {"the key made after it": administrator.mint()}
    of_others = {"tenant A's key": tenants.a.key, "tenant B's key": tenants.b.key}
    known = {**others, **of_others}
    worked = [what for what, key in known.items() if wire.knock(key).succeeded]
    establish("the key made after it" in worked, "the tenant's newest key works")
    establish(wire.knock(ended).succeeded, "the key works that is to be revoked")
    revoked = administrator.revoke(identity)
    establish(revoked.status in DONE, f"the key is revoked (got {revoked.status})")
    dead = [what for what in worked if not wire.knock(known[what]).succeeded]
    assert not dead, f"the revocation of one key ended {' and '.join(dead)} as well"
    establish(not of_others.keys() - set(worked), "the other tenants' keys worked before")
