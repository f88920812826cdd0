"""PERM: what becomes of calls that a caller may not make, and of those that it may."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.analysis.alike import difference
from conformance.checks.perm._common import (
    Call,
    admitted,
    eras_of,
    established,
    require_answered,
    require_denied,
    require_still_working,
    shown,
)
from conformance.forge.guise import in_guise
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.callers import Caller
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.identities import Callers
    from conformance.profile.policy import Cell

FIRST_OF_TASKS = "2025-11-25"


def _wrong() -> dict[str, Any]:
    """Return an argument that no tool has."""
    return {in_guise("hallmarkNoSuchArgument"): ["wrong"]}


@dataclass(frozen=True)
class Manner:
    """How calls are made: with other arguments than right ones, or as tasks."""

    what: str = ""
    arguments: dict[str, Any] | None = None
    as_task: bool = False


def _told_apart(caller: Caller, beyond: list[Call], manner: Manner, *, hides: bool) -> list[str]:
    """Say which calls are answered otherwise than one of a tool that nobody has.

    Where the policy says that nothing is hidden, it is enough that they are refused.
    """
    session = None if caller.is_plain else caller.session()

    def ask(tool: str, own: dict[str, Any]) -> Answer:
        arguments = own if manner.arguments is None else manner.arguments
        answer = caller.call_tool(tool, arguments, session, as_task=manner.as_task)
        require_answered(answer, "a call")
        return answer.without(tool)

    unknown = partial(ask, in_guise("hallmark_no_such_tool"), {})
    usual, found = unknown(), list[str]()
    for one in beyond:
        known = partial(ask, one.tool, one.arguments)
        called = known()
        if "result" in called.message and not called.result.get("isError"):
            found.append(f"{one.tool} was carried out: {called}")
        elif hides and called.visible != usual.visible and (apart := difference(known, unknown)):
            found.append(f"{one.tool} was answered unlike an unknown tool: {apart}")
    return found


def _require_alike(callers: Callers, eras: list[str], manner: Manner) -> None:
    """Assert that each call beyond a caller is answered like one of a tool that nobody has.

    The same calls succeed, before and after, for a caller that may make them.
    """
    policy, found = callers.target.policy, admitted(callers)
    calls = established(found, callers.target)
    require_denied(calls, found, policy)
    for revision in eras:
        for name, caller in found.items():
            beyond = [one for one in calls if not policy.may(name, one.tool)]
            told = (
                _told_apart(caller.at(revision), beyond, manner, hides=policy.hides)
                if beyond
                else []
            )
            assert not told, f"in {revision}{manner.what}, for {name}, {'; '.join(told)}"
    require_still_working(calls)


@requirement("PERM-02")
def test_a_tool_beyond_a_caller_is_answered_like_none(
    callers: Callers, discovery: Discovery
) -> None:
    """Of two calls only the name differs; the same call succeeds for a caller that may make it."""
    _require_alike(callers, eras_of(discovery), Manner())


@requirement("PERM-02")
def test_wrong_arguments_tell_no_more_of_a_tool_beyond_a_caller(
    callers: Callers, discovery: Discovery
) -> None:
    """Who is told what an argument must be, is told that there is a tool."""
    manner = Manner(", with wrong arguments", _wrong())
    _require_alike(callers, eras_of(discovery), manner)


@requirement("PERM-02")
def test_a_tool_beyond_a_caller_is_none_as_a_task_either(
    callers: Callers, discovery: Discovery
) -> None:
    """The same two calls, by a client that could follow a task."""
    eras = [one for one in eras_of(discovery) if one >= FIRST_OF_TASKS]
    if not eras:
        raise NotApplicableError("the target speaks no revision that has tasks")
    _require_alike(callers, eras, Manner(", as a task", as_task=True))


@requirement("PERM-08")
def test_each_rule_holds_for_each_caller(callers: Callers) -> None:
    """Each identity makes each call that does no harm: what the rules say is what becomes of it."""
    policy = callers.target.policy
    found = admitted(callers)
    calls = established(found, callers.target)
    wrong = list[str]()
    for name, caller in found.items():
        for one in calls:
            answer = caller.call_tool(one.tool, one.arguments)
            require_answered(answer, f"{name}'s call of {one.tool}")
            if answer.succeeded != policy.may(name, one.tool):
                wrong.append(f"{name} called {one.tool}: {answer}")
    callers.wire.transcript.note("cells", f"{len(found)} identities made {len(calls)} calls each")
    assert not wrong, f"other than the rules of [policy] say, {'; '.join(wrong[:3])}"


@requirement("PERM-08")
def test_each_cell_holds(callers: Callers) -> None:
    """A cell is a call, with its arguments: allowed ones succeed, and denied ones do not."""
    policy = callers.target.policy
    if not policy.cells:
        raise NotAssessedError("supply [[policy.cells]]: calls, allowed and denied, with arguments")
    found = admitted(callers)
    works = {one.tool: one for one in established(found, callers.target)}
    wrong = list[str]()
    for cell in policy.cells:
        for name in cell.identity:
            answer = found[name].call_tool(cell.tool, cell.arguments)
            require_answered(answer, f"{name}'s call of {cell.tool}")
            if answer.succeeded != (cell.verdict == "allow"):
                wrong.append(f"{name} called {cell.tool} with {cell.arguments}: {answer}")
    unproved = [cell.tool for cell in policy.cells if not _is_proved(cell, works)]
    assert not wrong, f"other than the cells of [policy] say, {'; '.join(wrong[:3])}"
    establish(
        not unproved,
        f"a call of {shown(unproved)} succeeds for somebody, so that a refusal tells something: "
        "write one under [[policy.calls]]",
    )


def _is_proved(cell: Cell, works: dict[str, Call]) -> bool:
    """Tell whether a refusal would be that of the cell: the tool works for somebody otherwise."""
    return cell.verdict == "allow" or cell.tool in works
