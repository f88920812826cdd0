"""PERM: what each caller sees of the tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.channels.http.callers import TOOLS
from conformance.channels.http.lists import entries_of
from conformance.checks.perm._common import admitted, eras_of, shown, universe
from conformance.forge.requests import STATELESS
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.callers import Caller, Listed
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.identities import Callers
    from conformance.profile.policy import Policy

SCOPE, SHARED = "cacheScope", "public"


def _require_hiding(policy: Policy) -> None:
    if not policy.hides:
        raise NotApplicableError("the policy says that lists may show all ([policy] hides)")


def _wrong(policy: Policy, lists: dict[str, Listed]) -> list[str]:
    """Say of each caller what its list has, or lacks, that the policy tells otherwise."""
    there = universe(policy, (one.tools for one in lists.values()))
    found = list[str]()
    for name, listed in lists.items():
        may = {tool for tool in there if policy.may(name, tool)}
        if more := listed.tools - may:
            found.append(f"{name} is listed {shown(more)}")
        if listed.succeeded and (less := may - listed.tools):
            found.append(f"{name} is not listed {shown(less)}")
    return found


@requirement("PERM-01")
def test_each_caller_is_listed_what_it_may_call(callers: Callers, discovery: Discovery) -> None:
    """The identities differ in their credentials alone; each asks in each era, by turns."""
    policy = callers.target.policy
    _require_hiding(policy)
    found = admitted(callers)
    for revision in eras_of(discovery):
        lists = {name: one.at(revision).listed() for name, one in found.items()}
        establish(
            any(one.tools for one in lists.values()), f"somebody is listed tools in {revision}"
        )
        wrong = _wrong(policy, lists)
        assert not wrong, f"in {revision}, other than [policy] says, {'; '.join(wrong)}"


@requirement("PERM-01")
def test_a_list_is_nobody_elses_the_next_time(callers: Callers) -> None:
    """One after the other, forth and back: whoever has asked before makes no difference."""
    policy = callers.target.policy
    _require_hiding(policy)
    found = admitted(callers)
    for _ in range(2):
        lists = {name: one.listed() for name, one in reversed(found.items())}
        establish(any(one.tools for one in lists.values()), "somebody is listed tools")
        wrong = _wrong(policy, lists)
        assert not wrong, f"after others had asked, other than [policy] says, {'; '.join(wrong)}"
        found = dict(reversed(found.items()))


@requirement("PERM-01")
def test_no_page_is_gone_on_with_beyond_ones_own_list(callers: Callers) -> None:
    """A cursor of who sees more leads a caller to nothing that is not its own."""
    policy = callers.target.policy
    _require_hiding(policy)
    found = _with_credentials(callers)
    cursors = _cursors(found)
    if not cursors:
        raise NotApplicableError("no caller's list of tools has a second page")
    for owner, cursor in cursors.items():
        for name, caller in found.items():
            page = caller.call(TOOLS, {"cursor": cursor})
            seen = {str(one.get("name")) for one in entries_of(page, TOOLS)}
            more = {tool for tool in seen if not policy.may(name, tool)}
            assert not more, f"by a cursor of {owner}'s list, {name} is listed {shown(more)}"


def _with_credentials(callers: Callers) -> dict[str, Caller]:
    found = admitted(callers)
    return {name: one for name, one in found.items() if one.credential is not None}


def _cursors(found: dict[str, Caller]) -> dict[str, Any]:
    firsts = {name: one.call(TOOLS) for name, one in found.items()}
    establish(all(one.is_whole for one in firsts.values()), "each caller's list is answered")
    told = {name: one.result.get("nextCursor") for name, one in firsts.items()}
    return {name: cursor for name, cursor in told.items() if cursor}


@requirement("PERM-01")
def test_a_list_that_varies_by_caller_is_kept_for_no_other(
    callers: Callers, discovery: Discovery
) -> None:
    """Where lists differ, none says that a cache may give it to everybody."""
    _require_hiding(callers.target.policy)
    if STATELESS not in discovery.revisions:
        raise NotApplicableError(f"the target does not speak {STATELESS}, which has {SCOPE}")
    found = admitted(callers)
    lists = {name: one.at(STATELESS).listed() for name, one in found.items()}
    able = {name: one for name, one in lists.items() if one.succeeded}
    establish(len({one.tools for one in able.values()}) > 1, "two callers are listed other tools")
    public = [name for name, one in able.items() if one.first.result.get(SCOPE) == SHARED]
    assert not public, f"lists differ, and that of {shown(public)} says {SCOPE} {SHARED!r}"
