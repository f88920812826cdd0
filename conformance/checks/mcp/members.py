"""MCP, continued: what stands twice in a message, or in other letters, is read one way by all."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.trail.finding import request_id
from conformance.checks.mcp._common import Conversation, LastingConversation, eras
from conformance.forge.guise import in_guise
from conformance.forge.members import spellings, value_at, with_members
from conformance.model import Channel
from conformance.profile.events import Event
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.forge.members import Place
    from conformance.forge.requests import Request
    from conformance.profile.target import Target

    Order = tuple[Any, Any]

CALL = "tools/call"


def worked(answer: Answer) -> bool:
    """Tell whether a call was carried out, under whatever id."""
    return "result" in answer.message and not answer.result.get("isError")


@dataclass(frozen=True)
class Member:
    """A member of a message without which, or with the wrong value, the call does not work."""

    good: Request
    place: Place
    wrong: Any

    @property
    def name(self) -> str:
        """What it is called."""
        return self.place[-1]

    @property
    def value(self) -> Any:
        """What makes the call work."""
        return value_at(self.good, self.place)

    @property
    def header(self) -> str | None:
        """The header that mirrors it, where the revision has them."""
        mirrors: dict[Place, str] = {
            ("method",): "Mcp-Method",
            ("params",): "Mcp-Name",
            ("params", "name"): "Mcp-Name",
        }
        return mirrors.get(self.place)

    def standing(self, *members: tuple[str, Any]) -> Request:
        """Return the call with other members in its place."""
        return with_members(self.good, self.place, members)

    def both_ways(self) -> Iterator[Order]:
        """Yield the right value and the wrong one, in each order."""
        yield self.value, self.wrong
        yield self.wrong, self.value

    def mirrored(self, request: Request) -> Iterator[tuple[str, bool, Request]]:
        """Yield a request under a header that mirrors this member, each value by turns.

        With it, that header in words, and whether it names the wrong value.
        """
        sent = {name.lower() for name, _ in request.headers}
        if self.header is None or self.header.lower() not in sent:
            yield "", False, request
            return
        for value, is_wrong in ((self.value, False), (self.wrong, True)):
            told = mirror(value)
            named = request.with_header(self.header, told)
            yield f" under {self.header}: {told}", is_wrong, named


def mirror(value: Any) -> str:
    """Return what a header says of a value: it, or the name that parameters hold."""
    return str(cast("dict[str, Any]", value)["name"] if isinstance(value, dict) else value)


def params_of(request: Request, **other: Any) -> dict[str, Any]:
    """Return the parameters of a call with some of them exchanged."""
    return {**cast("dict[str, Any]", value_at(request, ("params",))), **other}


def members(talk: Conversation, target: Target) -> list[Member]:
    """Return the members that decide whether a call works, as far as the target shows it."""
    nobody = in_guise(f"no_such_tool_{secrets.token_hex(4)}")
    listing = talk.listing()
    found = [Member(listing, ("method",), in_guise("hallmark/no_such_method"))]
    if target.tools.ping:
        call = talk.request(CALL, {"name": target.tools.ping, "arguments": {}})
        found.append(Member(call, ("params",), params_of(call, name=nobody)))
        found.append(Member(call, ("params", "name"), nobody))
    if (tool := target.tools.validated) is not None:
        call = talk.request(CALL, {"name": tool.name, "arguments": tool.arguments})
        found.append(Member(call, ("params", "arguments"), tool.bad_arguments))
    return found


def is_missed(talk: Conversation, member: Member) -> bool:
    """Tell whether a call works with a member, and not without it."""
    good = talk.send(member.good)
    establish(worked(good), f"the call works (got {good})")
    return not worked(talk.send(member.standing()))


def begun(wire: Wire, keys: Keys, revision: str) -> Conversation:
    """Return a conversation that is open."""
    talk = LastingConversation(wire.derived(revision=revision), keys.b.active)
    answer = talk.open()
    establish(answer.succeeded, f"{revision}: a conversation can be opened (got {answer})")
    return talk


@requirement("MCP-21")
def test_a_name_in_other_letters_is_another_name(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """Without the member the call fails: where it works, the other name was taken for it.

    Names of members are compared character by character (RFC 8259, section 8.3).
    """
    for revision in eras(discovery):
        talk = begun(wire, keys, revision)
        listing = talk.listing()
        # Not every server asks for the version, and then nothing shows by it.
        others = [Member(listing, ("id",), None), Member(listing, ("jsonrpc",), None)]
        missed = [one for one in (*members(talk, target), *others) if is_missed(talk, one)]
        establish(missed, f"{revision}: a call without its method does not work")
        for member in missed:
            for name in spellings(member.name):
                answer = talk.send(member.standing((name, member.value)))
                assert not worked(answer), (
                    f"{revision}: {name!r} was taken for {member.name!r}: {answer}"
                )


@requirement("MCP-21")
def test_a_name_in_other_letters_replaces_nothing(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """The member itself makes the call fail, so one that works went by the other name."""
    for revision in eras(discovery):
        talk = begun(wire, keys, revision)
        for member in members(talk, target):
            good = talk.send(member.good)
            establish(worked(good), f"{revision}: the call works (got {good})")
            spoilt = talk.send(member.standing((member.name, member.wrong)))
            establish(not worked(spoilt), f"{revision}: another {member.name} fails")
            other = (spellings(member.name)[0], member.value)
            mine = (member.name, member.wrong)
            for pair in ((mine, other), (other, mine)):
                for header, _, request in member.mirrored(member.standing(*pair)):
                    answer = talk.send(request)
                    assert not worked(answer), (
                        f"{revision}: {other[0]!r} was taken instead of {member.name!r}"
                        f"{header}: {answer}"
                    )
        for other in ("ID", "Id"):
            request = with_members(talk.listing(), ("id",), [("id", 91), (other, 92)])
            answer = talk.send(request)
            assert answer.message.get("id") != 92, f"{revision}: {other!r} was the id: {answer}"


def halves(talk: Conversation, target: Target) -> Iterator[tuple[str, Request, list[Request]]]:
    """Yield calls in which one object stands twice, each time a half, and each half by itself."""
    tool = target.tools.validated
    if tool is None:
        return
    good = talk.request(CALL, {"name": tool.name, "arguments": tool.arguments})
    rest = {name: one for name, one in params_of(good).items() if name not in {"name", "arguments"}}
    parts = [{**rest, "name": tool.name}, {**rest, "arguments": tool.arguments}]
    alone = [with_members(good, ("params",), [("params", part)]) for part in parts]
    yield "params", with_members(good, ("params",), [("params", part) for part in parts]), alone
    if len(tool.arguments) > 1:
        first, *others = tool.arguments
        parts = [{first: tool.arguments[first]}, {name: tool.arguments[name] for name in others}]
        place = ("params", "arguments")
        alone = [with_members(good, place, [("arguments", part)]) for part in parts]
        yield "arguments", with_members(good, place, [("arguments", one) for one in parts]), alone


@requirement("MCP-21", also_needs=(Channel.VALIDATED_TOOL,))
def test_two_objects_of_one_name_are_never_merged(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """Neither half works by itself, so a call that works was put together from both."""
    judged = 0
    for revision in eras(discovery):
        talk = begun(wire, keys, revision)
        for name, request, alone in halves(talk, target):
            if any(worked(talk.send(half)) for half in alone):
                continue  # what a half lacks is optional, and nothing shows
            judged += 1
            answer = talk.send(request)
            assert not worked(answer), f"{revision}: two {name!r} were merged: {answer}"
    if not judged:
        raise NotAssessedError(
            "the tool's arguments are optional: supply [tools.validated] with a tool that "
            "requires its arguments",
            Channel.VALIDATED_TOOL,
        )


@requirement("MCP-21")
def test_what_stands_twice_is_read_one_way(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """The first or the last may count, or neither; but the header's reader and the tool's agree.

    A header that names the wrong value is right only where that is the value that was read, and
    then the call fails.
    """
    for revision in eras(discovery):
        talk = begun(wire, keys, revision)
        for member in members(talk, target):
            good = talk.send(member.good)
            establish(worked(good), f"{revision}: the call works (got {good})")
            for order in member.both_ways():
                twice = member.standing(*((member.name, value) for value in order))
                for header, is_belied, request in member.mirrored(twice):
                    once, again = talk.send(request), talk.send(request)
                    assert worked(once) == worked(again), (
                        f"{revision}: {member.name!r} twice{header} was read now one way and "
                        f"now another: {once}; {again}"
                    )
                    assert not (is_belied and worked(once)), (
                        f"{revision}: {member.name!r} stands twice, the header went by one and "
                        f"the call by the other{header}: {once}"
                    )
        request = with_members(talk.listing(), ("id",), [("id", 93), ("id", 94)])
        answer = talk.send(request)
        assert not worked(answer) or answer.message.get("id") in {93, 94}, (
            f"{revision}: an answer to a call with two ids has another: {answer}"
        )


@requirement("MCP-21", also_needs=(Channel.AUDITOR, Channel.TOOL_CALLED_EVENT, Channel.PING_TOOL))
def test_the_trail_names_the_tool_that_was_called(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target, auditor: AuditReader
) -> None:
    """The name stands twice, one of a tool and one of none; what was called, its answer shows."""
    for revision in eras(discovery):
        talk = begun(wire, keys, revision)
        member = next(one for one in members(talk, target) if one.name == "name")
        good = talk.send(member.good)
        establish(worked(good), f"{revision}: the call works (got {good})")
        seen = called(good, auditor, target)
        establish(seen == {member.value}, f"the trail names the tool that was called ({seen})")
        for order in member.both_ways():
            request = member.standing(*(("name", value) for value in order))
            answer = talk.send(request)
            if worked(answer):
                told = called(answer, auditor, target)
                assert told == {member.value}, (
                    f"{revision}: {member.value} was called, and the trail has {told}: {answer}"
                )
            elif answer.header(target.headers.request_id):
                rows = auditor.rows(request_id=request_id(answer, target))
                done = [row for row in rows if auditor.is_one(row, Event.TOOL_CALLED)]
                assert not done, (
                    f"{revision}: no tool was called, and the trail has {done[0].tool}: {answer}"
                )


def called(answer: Answer, auditor: AuditReader, target: Target) -> set[str | None]:
    """Return the tools that the rows of a request's calls name."""
    rows = auditor.of(Event.TOOL_CALLED, request_id=request_id(answer, target))
    return {row.tool for row in rows}
