"""PERM: what a role, or a membership, leaves behind when it is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.answer import is_done
from conformance.profile.orgs import CHANGE, REMOVE
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.callers import Caller
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.orgs import Organization
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys

SOON_SECONDS = 5
"""What is to be gone within this is waited for; what may last longer is waited for by the clock."""


def _pass(organization: Organization, passage: Passage) -> float:
    """Let pass what a right may last, and return the seconds for which to wait besides."""
    seconds = organization.told.end_seconds
    if seconds <= SOON_SECONDS:
        return seconds
    passage.of(seconds)
    return 1.0


def _probe(organization: Organization) -> tuple[str, str, str]:
    """Return an operation, a role that may carry it out, and one that may not."""
    for name, one in organization.told.operations.items():
        if not one.stands_alone or one.names("user"):
            continue
        weak = [role for role in organization.told.members if role not in one.allow]
        if one.allow and weak:
            return name, one.allow[-1], weak[-1]
    raise NotAssessedError(
        "supply [orgs.operations]: one that can be carried out again and again, and that not every "
        "role may carry out"
    )


@requirement("PERM-04")
def test_a_role_taken_away_is_gone(organization: Organization, passage: Passage) -> None:
    """The guest may do something by his role, then has another: with what he had he may no more."""
    operation, strong, weak = _probe(organization)
    with organization.joined(strong) as guest:
        answer = organization.carry_out(operation, guest)
        establish(is_done(answer), f"a guest who is {strong} may {operation} (got {answer})")
        organization.require_done(CHANGE, role=weak)
        wait = _pass(organization, passage)
        wait_for(lambda: not is_done(organization.carry_out(operation, guest)), wait, pause=0.2)
        last = organization.carry_out(operation, guest)
        renewed = organization.switched(organization.guest, organization.keys.a.tenant_id)
        again = organization.carry_out(operation, renewed)
    organization.require_done(operation)
    told = f"once a guest was {weak} and no longer {strong}, {operation}"
    assert not is_done(last), f"{told} was answered {last} to what he presented before"
    assert not is_done(again), f"{told} was answered {again} to what he was given anew"


@requirement("PERM-06")
def test_a_membership_that_ends_takes_all_along_that_it_gave(
    organization: Organization, keys: Keys, passage: Passage, discovery: Discovery
) -> None:
    """Of what the guest had as a member nothing works: credential, open sessions, renewal."""
    with organization.joined(organization.least_role()) as guest:
        member = _Member(organization, guest, discovery)
        establish(member.reached(), "a guest who is a member reaches something")
        organization.require_done(REMOVE)
        wait = _pass(organization, passage)
        wait_for(lambda: not member.reached(), wait, pause=0.2)
        reached = member.reached()
        if organization.told.switch is not None:
            renewed, answer = organization.switch(organization.guest, keys.a.tenant_id)
            reached += [] if renewed is None else [f"a new credential was given: {answer}"]
    answer = organization.guest.knock()
    establish(answer.succeeded, f"the guest is still let in for his own tenant (got {answer})")
    assert not reached, f"after a member was removed, {'; '.join(reached[:3])}"


class _Member:
    """The guest as a member: what he may read of the organization, and a session in each era."""

    def __init__(self, organization: Organization, guest: Caller, discovery: Discovery) -> None:
        self._organization, self._guest = organization, guest
        told, role = organization.told, organization.least_role()
        self._readable = [
            name
            for name, one in told.operations.items()
            if one.method == "GET" and one.stands_alone and role in one.allow
        ]
        # Without a switch what he presents serves his own tenant, too, and works on.
        eras = sorted(discovery.eras) if told.switch is not None else []
        self._lines = [(guest.at(era), guest.at(era).session()) for era in eras]

    def reached(self) -> list[str]:
        """Say what he reaches now."""
        operations = [
            f"{name} was answered {answer}"
            for name in self._readable
            if is_done(answer := self._organization.carry_out(name, self._guest))
        ]
        calls = [
            f"in {caller.line.revision}, a call was answered {answer}"
            for caller, session in self._lines
            if (answer := self._call(caller, session)).succeeded
        ]
        return operations + calls

    def _call(self, caller: Caller, session: str | None) -> Answer:
        tools = self._organization.callers.target.tools
        tool = tools.tenant_data or tools.ping
        return (
            caller.call("tools/list", session=session)
            if tool is None
            else caller.call_tool(tool, {}, session)
        )
