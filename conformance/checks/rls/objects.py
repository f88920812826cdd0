"""RLS, continued: what is another tenant's must look as if it were not there."""

from __future__ import annotations

import json
import uuid
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.forge.objects import SPELLINGS, ids_in, nobodys_id
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target


@requirement("RLS-12", also_needs=(Channel.BY_ID_TOOL, Channel.CANARIES))
def test_another_tenants_object_is_answered_like_none(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """The owner gets it by its id; the other tenant gets what an id that nobody has gets."""
    tool = supplied(target.tools.by_id)

    def get(tenant: TenantKeys, identity: str, spell: Callable[[str], str] = str) -> Answer:
        spelt = spell(identity)
        answer = wire.call_tool(tool.name, {tool.argument: spelt}, key=tenant.active)
        return answer.without(spelt, json.dumps(spelt)[1:-1], identity)

    for owner, other in ((keys.b, keys.a), (keys.a, keys.b)):
        listed = wire.call_tool(tool.listed_by, {}, key=owner.active)
        ids = ids_in(listed.structured, tool.id_field)
        establish(ids, f"a tenant can list ids of its objects (got {listed})")
        real, unknown = ids[0], nobodys_id(ids[0])
        establish(get(owner, real).succeeded, "the owner gets its object by its id")
        for what, spell in SPELLINGS.items():
            foreign = get(other, real, spell)
            assert not foreign.succeeded, f"another tenant got the object, its id {what}"
            assert owner.canary not in foreign.text, f"the id {what}"
            told = difference(partial(get, other, real, spell), partial(get, other, unknown, spell))
            assert not told, f"the id {what}: {told}"
        establish(get(owner, real).succeeded, "the owner still gets its object")


@requirement(
    "RLS-12",
    also_needs=(
        Channel.ADMIN,
        Channel.SPARE_TENANT,
        Channel.ROTATE_ROUTE,
        Channel.REVOKE_ROUTE,
    ),
)
def test_another_tenants_key_is_revoked_like_none(
    administrator: Administrator, wire: Wire, keys: Keys
) -> None:
    """A key of the spared tenant, named as another tenant's: it must not be found, and go on."""

    def revoke(tenant_id: str, key_id: str) -> Answer:
        return administrator.revoke(key_id, tenant_id).without(key_id)

    key, key_id = administrator.mint_with_id()
    establish(wire.knock(key).succeeded, "the new key works")
    told = difference(
        lambda: revoke(keys.a.tenant_id, key_id),
        lambda: revoke(keys.a.tenant_id, str(uuid.uuid4())),
    )
    assert not told, f"another tenant's key and an unknown one were answered differently: {told}"
    assert wire.knock(key).succeeded, "another tenant's key was revoked"
    own = revoke(administrator.tenant_id, key_id)
    establish(own.status == HTTPStatus.OK, f"the key is revoked as its own tenant's (got {own})")
