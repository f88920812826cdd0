"""PERM: what the roles of an organization let its members do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.answer import is_done
from conformance.checks.perm._common import require_answered
from conformance.forge.objects import nobodys_text
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.callers import Caller
    from conformance.channels.http.orgs import Organization
    from conformance.forge.keys import Keys


@requirement("PERM-03")
def test_each_operation_is_carried_out_for_the_roles_that_may(organization: Organization) -> None:
    """Every member tries every operation: what is refused leaves everything as it was."""
    members, wrong = organization.members(), list[str]()
    for name in organization.told.operations:
        for role, caller in members.items():
            with organization.prepared(organization.told.operations[name]):
                wrong += _judged(organization, name, role, caller)
    establish(organization.members(), "the members are let in still")
    assert not wrong, f"other than [orgs] says, {'; '.join(wrong[:3])}"


def _judged(organization: Organization, name: str, role: str, caller: Caller) -> list[str]:
    """Say what is wrong with the answer to one member's try of one operation."""
    may = role in organization.told.operations[name].allow
    before = [] if may else organization.state()
    answer = organization.carry_out(name, caller)
    require_answered(answer, f"{role}'s {name}")
    if is_done(answer) != may:
        return [f"{role} tried {name}: {answer}"]
    if may or (after := organization.state()) == before:
        return []
    establish(organization.state() == after, "an organization stands still while nobody changes it")
    return [f"{role} was refused {name}, and yet something changed ({answer})"]


@requirement("PERM-03")
def test_no_operation_reaches_an_organization_of_others(
    organization: Organization, keys: Keys
) -> None:
    """Who may do it in his own organization does the same to tenant B's, and to none that is."""
    named = {name: one for name, one in organization.told.operations.items() if one.names("org")}
    if not named:
        raise NotApplicableError("no operation says which organization it is on")
    wrong = list[str]()
    for name, operation in named.items():
        if not operation.allow:
            continue
        caller = organization.member_for(name)
        with organization.prepared(operation):
            answer = organization.carry_out(name, caller)
            establish(is_done(answer), f"{caller.name} may {name} at home (got {answer})")
        others = organization.carry_out(name, caller, org=keys.b.tenant_id)
        require_answered(others, f"{name} in an organization of others")
        if is_done(others):
            nowhere = organization.carry_out(name, caller, org=nobodys_text(keys.b.tenant_id))
            establish(not is_done(nowhere), "an operation looks at the organization it names")
            wrong.append(f"{caller.name} of tenant A's could {name} in tenant B's: {others}")
    assert not wrong, "; ".join(wrong[:3])
