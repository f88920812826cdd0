"""What the checks of a policy share: its callers and tools, and calls that do no harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.http.callers import let_in
from conformance.channels.http.own import own_arguments
from conformance.profile.policy import PolicyCall
from conformance.verdicts import NotAssessedError, NotEstablishedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.callers import Caller
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.identities import Callers
    from conformance.profile.policy import Policy
    from conformance.profile.target import Target

_SHOWN = 6
"""Tools or callers that a sentence names."""


@dataclass(frozen=True)
class Call:
    """A call that its ``control`` may make, and that has just succeeded for it."""

    tool: str
    arguments: dict[str, Any]
    control: Caller


@dataclass(frozen=True)
class Reach:
    """What a caller is listed, and which of some calls succeed for it."""

    listed: frozenset[str]
    ran: frozenset[str]

    def beyond(self, other: Reach) -> str:
        """Say what it has more than another; empty where it has nothing."""
        parts = [
            f"{what} {shown(more)}"
            for what, more in (
                ("is listed", self.listed - other.listed),
                ("can call", self.ran - other.ran),
            )
            if more
        ]
        return " and ".join(parts)


def reach_of(caller: Caller, calls: Iterable[Call]) -> Reach:
    """Find out what a caller reaches."""
    session = None if caller.is_plain else caller.session()
    listed = caller.listed(session).tools
    ran = {
        one.tool for one in calls if caller.call_tool(one.tool, one.arguments, session).succeeded
    }
    return Reach(listed, frozenset(ran))


def weakest(found: dict[str, Caller], calls: list[Call], policy: Policy) -> list[str]:
    """Return the names of the callers that may make the fewest of the calls, two at most."""
    denied = {name: sum(not policy.may(name, one.tool) for one in calls) for name in found}
    return sorted((name for name in found if denied[name]), key=lambda name: -denied[name])[:2]


def universe(policy: Policy, lists: Iterable[frozenset[str]]) -> list[str]:
    """Return the tools that there are: those that anybody is listed, and those that it names."""
    return sorted(policy.tools().union(*lists))


def admitted(callers: Callers) -> dict[str, Caller]:
    """Return the policy's callers as far as they are let in at all.

    Raises NotEstablishedError where one is not that may call something.
    """
    rules = callers.target.policy.rules
    able = frozenset(name for rule in rules if rule.allow for name in rule.identity)
    return let_in(callers.all(), able)


def eras_of(discovery: Discovery) -> list[str]:
    """Return a revision of each era that the target speaks, the newest first."""
    return sorted(discovery.eras, reverse=True)


def harmless(target: Target) -> Iterator[PolicyCall]:
    """Yield a call for each tool that may be called: of [policy.calls], and of [tools]."""
    policy, tools = target.policy, target.tools
    named = {one.name: one for one in policy.calls}
    for name in filter(None, (tools.ping, tools.tenant_data)):
        named.setdefault(name, PolicyCall(name=name))
    if tools.validated is not None:
        own = PolicyCall(name=tools.validated.name, arguments=tools.validated.arguments)
        named.setdefault(own.name, own)
    if tools.task is not None:
        own = PolicyCall.model_validate(tools.task.model_dump())
        named.setdefault(own.name, own)
    yield from named.values()


def established(callers: dict[str, Caller], target: Target) -> list[Call]:
    """Return the harmless calls that succeed for some caller that the policy lets make them.

    Raises NotAssessedError where there is none, so that no refusal would tell anything.
    """
    found = list[Call]()
    for one in harmless(target):
        able = (
            caller
            for name, caller in callers.items()
            if caller.credential is not None and target.policy.may(name, one.name)
        )
        for caller in able:
            arguments = _arguments(caller, one)
            if arguments is not None and caller.call_tool(one.name, arguments).succeeded:
                found.append(Call(one.name, arguments, caller))
                break
    if not found:
        raise NotAssessedError(
            "supply [[policy.calls]]: a tool, with arguments by which a call succeeds for an "
            "identity that may make it, and does no harm"
        )
    return found


def _arguments(caller: Caller, call: PolicyCall) -> dict[str, Any] | None:
    """Return what a caller's call says; None where it is listed nothing that it could name."""
    try:
        return own_arguments(caller.line, call, str(caller.credential))
    except NotEstablishedError:
        return None


def require_still_working(calls: Iterable[Call]) -> None:
    """Raise NotEstablishedError where a call does not succeed any more for its control."""
    for one in calls:
        answer = one.control.call_tool(one.tool, one.arguments)
        establish(answer.succeeded, f"{one.tool} still works for {one.control.name} (got {answer})")


def require_denied(calls: list[Call], names: Iterable[str], policy: Policy) -> None:
    """Raise NotAssessedError where each caller may make each call."""
    if all(policy.may(name, one.tool) for name in names for one in calls):
        raise NotAssessedError(
            "supply [[policy.calls]]: a tool that not every identity of [policy] may call"
        )


def shown(found: Iterable[str]) -> str:
    """Return some names in one line."""
    names = sorted(found)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def require_answered(answer: Answer, what: str) -> None:
    """Raise NotEstablishedError for an answer that limits or fails, and so tells no permission."""
    fine = answer.status < 500 and answer.status != 429
    establish(fine, f"{what} is decided, not put off (got {answer})")
