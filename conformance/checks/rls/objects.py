"""RLS, continued: what is another tenant's must look as if it were not there."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.analysis.alike import difference
from conformance.channels.http.answer import DONE
from conformance.channels.http.lists import pages
from conformance.channels.http.own import require_ids
from conformance.forge.objects import Identity, nobodys_id, spellings
from conformance.forge.requests import LISTED
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.text.found import is_telling, stands_in
from conformance.verdicts import NotApplicableError, NotEstablishedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.sections import ByIdTool
    from conformance.profile.target import Target


def identity_itself(value: Any) -> Any:
    """Return an id in its own spelling."""
    return value


DRAWS = 4
"""Ids that are drawn anew, of which one may be somebody's by chance."""
TOOLS = "tools/list"


@requirement("RLS-12")
def test_another_tenants_object_is_answered_like_none(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """Each gets its own by its id; the other's id gets what one that nobody has gets."""
    undecided: list[NotEstablishedError] = []
    for tool in target.tools.by_id:
        desk = Desk(wire, tool)
        try:
            listed = {tenant: desk.own_ids(tenant) for tenant in (keys.a, keys.b)}
        except NotEstablishedError as error:
            undecided.append(error)  # another tool may still show something
            continue
        for owner, other in ((keys.b, keys.a), (keys.a, keys.b)):
            real, unknown = listed[owner][0], desk.nobodys(listed, owner)
            for what, spell in spellings(real).items():
                foreign = desk.get(other, real, spell)
                where = f"{tool.name}, the id {what}"
                assert not foreign.succeeded, f"another tenant got the object: {where}: {foreign}"
                canary = owner.tenant.canary
                assert not (canary and shows(canary, foreign.text)), (
                    f"another tenant was refused the object, and told of it: {where}: {foreign}"
                )
                told = difference(
                    partial(desk.get, other, real, spell, (unknown,)),
                    partial(desk.get, other, unknown, spell, (real,)),
                )
                assert not told, (
                    f"another tenant's object is told apart from one that is not there:"
                    f" {where}: {told}"
                )
            establish(desk.get(owner, real).succeeded, "the owner still gets its object")
    if undecided:
        raise undecided[0]


@dataclass(frozen=True)
class Desk:
    """Asks one tool for objects by their ids."""

    wire: Wire
    tool: ByIdTool

    def own_ids(self, tenant: TenantKeys) -> list[Identity]:
        """Return the ids of objects that their owner lists, of which it gets the first."""
        ids = require_ids(self.wire, self.tool, tenant.active)
        got = self.get(tenant, ids[0])
        establish(got.succeeded, f"the owner gets its object by its id (got {got})")
        return ids

    def nobodys(self, listed: Mapping[TenantKeys, list[Identity]], owner: TenantKeys) -> Identity:
        """Return an id in the form of an owner's that neither tenant is given an object by.

        Where whatever is asked for is answered alike, that is for the comparison to judge.
        """
        known = [one for ids in listed.values() for one in ids]
        drawn = nobodys_id(listed[owner][0], known)
        for _ in range(DRAWS):
            if drawn not in known and not any(self.get(one, drawn).succeeded for one in listed):
                break
            drawn = nobodys_id(listed[owner][0], known)
        return drawn

    def get(
        self,
        tenant: TenantKeys,
        identity: Identity,
        spell: Callable[[Any], Any] = identity_itself,
        beside: tuple[Identity, ...] = (),
    ) -> Answer:
        """Ask for an object; neither its id nor those ``beside`` are a part of a comparison.

        What is blanked in one answer must be in the other: a short id may stand there by chance.
        """
        answer = self.wire.call_tool(
            self.tool.name, self.tool.of(spell(identity)), key=tenant.active
        )
        for one in (identity, *beside):
            spelt = spell(one)
            answer = answer.without(str(spelt), json.dumps(spelt).strip('"'), str(one))
        return answer


@requirement("RLS-12-b")
def test_another_tenants_key_is_revoked_like_none(
    administrator: Administrator, wire: Wire, keys: Keys, target: Target
) -> None:
    """A key of the spared tenant, named as another tenant's: it must not be found, and go on.

    Who revokes by the key's id alone names no tenant, and asks for nobody else's.
    """
    request = supplied(target.routes.revoke_key)
    if request.has_own_body and not request.names("tenant"):
        raise NotApplicableError("[routes] revoke_key names no {tenant}")

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
    establish(own.status in DONE, f"the key is revoked as its own tenant's (got {own})")


FEWER = 8
TURNS = "ABBAABABBAABA"
"""In which order the tenants list: first, after themselves and after the other, in two rhythms."""


@requirement("RLS-15")
def test_a_list_of_tools_shows_nothing_of_another_tenant(wire: Wire, keys: Keys) -> None:
    """What left a tenant's list, and stands in the other's still, was shown to the wrong one."""
    if wire.listing != TOOLS:
        raise NotApplicableError("the target announces no tools")
    tenants = {"A": keys.a, "B": keys.b}
    seen: list[tuple[str, set[str]]] = []
    for name in TURNS:
        other = tenants["B" if name == "A" else "A"]
        listed = listing(wire, tenants[name])
        telling = other.tenant_id if is_telling(other.tenant_id) else None
        for what, word in (("id", telling), ("canary", other.tenant.canary)):
            is_told = word and any(stands_in(word, tool) for tool in listed)
            assert not is_told, f"the list of tools of tenant {name} holds the other's {what}"
        seen.append((name, listed))
    establish(any(listed for _, listed in seen), "a list of tools holds at least one")
    crossed = sorted(left_behind(seen))
    assert not crossed, f"a tool is in both tenants' lists or in one, by who asked: {crossed[0]}"


@requirement("RLS-15")
def test_no_other_list_shows_another_tenants(wire: Wire, keys: Keys) -> None:
    """As with tools: kept for the next caller, or of a default, a list is the wrong one's.

    Words of a tenant's data that only it may see are in no name that the other reads.
    """
    tenants = {"A": keys.a, "B": keys.b}
    offered = [method for method in LISTED if method != TOOLS and _is_offered(method, wire, keys)]
    if not offered:
        raise NotApplicableError("the target lists neither resources nor prompts")
    for method in offered:
        seen: list[tuple[str, set[str]]] = []
        for name in TURNS[:FEWER]:
            other = tenants["B" if name == "A" else "A"]
            listed = {one for page in texts(wire, tenants[name], method) for one in page}
            canary = other.tenant.canary
            told = [one for one in listed if canary and shows(canary, one)]
            assert not told, f"{method} of tenant {name} holds the other's canary: {told[0]}"
            seen.append((name, listed))
        crossed = sorted(left_behind(seen))
        assert not crossed, f"{method} shows it to both or to one, by who asked: {crossed[0]}"


def _is_offered(method: str, wire: Wire, keys: Keys) -> bool:
    """Tell whether one of the tenants is listed anything."""
    callers = (keys.a.active, keys.b.active)
    return any(wire.call(method, key=key).result.get(LISTED[method]) for key in callers)


def left_behind(seen: list[tuple[str, set[str]]]) -> set[str]:
    """Return what a tenant had and later lost, while the other was shown it later still.

    What a server adds or takes away for everybody meanwhile does not come back.
    """
    return {
        tool
        for first, (name, had) in enumerate(seen)
        for second, (again, has) in enumerate(seen[first:], start=first)
        for whose, others in seen[second:]
        if name == again != whose
        for tool in (had - has) & others
    }


def listing(wire: Wire, tenant: TenantKeys) -> set[str]:
    """Return a tenant's tools as text, from all pages of the list."""
    return {tool for page in texts(wire, tenant, TOOLS) for tool in page}


def texts(wire: Wire, tenant: TenantKeys, method: str) -> Iterator[set[str]]:
    """Yield what a tenant is listed, as text, page after page."""
    for page in pages(wire, method, tenant.active):
        found: Any = page.result.get(LISTED[method])
        establish(isinstance(found, list), f"a tenant is answered {method} (got {page})")
        yield {json.dumps(one, sort_keys=True) for one in found}
