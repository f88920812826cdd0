"""MCP, continued: whatever stands in an argument of a tool, it is data."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.analysis.alike import difference
from conformance.channels.http.own import require_ids
from conformance.forge.guise import own_word
from conformance.forge.payloads import (
    CONDITIONS,
    DERIVED,
    EVALUATED,
    FILE_CONTENT,
    FILLED_IN,
    FORMATS,
    OTHER,
    PATHS,
    SAME,
    SLEEP,
    SLEEPERS,
    WORKED_OUT,
)
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.tools import Tools

AT_ONCE = SLEEP / 2
"""Seconds within which a call is answered that lets nothing sleep."""


@dataclass(frozen=True)
class Slot:
    """A string argument of a tool, and a good value for it."""

    tool: str
    argument: str
    good: str
    others: dict[str, Any]
    is_lookup: bool

    def __str__(self) -> str:
        return f"{self.tool}.{self.argument}"

    def refuses_nonsense(self, wire: Wire, tenant: TenantKeys) -> bool:
        """Tell whether a value that nothing is found by is told from a good one.

        Where any text gets a result, such as a count of none, a result shows nothing by itself.
        """
        nonsense = f"{self.good}{secrets.token_hex(4)}"
        return self.is_lookup and not self.call(wire, tenant, nonsense).succeeded

    def call(self, wire: Wire, tenant: TenantKeys, value: str) -> Answer:
        """Call the tool with a value for the argument; the value is no part of a comparison."""
        arguments = {**self.others, self.argument: value}
        return wire.call_tool(self.tool, arguments, key=tenant.active).without(value)


def slots(wire: Wire, tenant: TenantKeys) -> list[Slot]:
    """Return every string argument of the profile's tools. NotAssessedError for none."""
    found = slots_of(wire, tenant)
    if not found:
        needed = (Channel.VALIDATED_TOOL, Channel.FAILING_TOOL, Channel.BY_ID_TOOL)
        raise NotAssessedError("the profile names no tool with a string argument", *needed)
    return found


def slots_of(wire: Wire, tenant: TenantKeys) -> list[Slot]:
    """Return every string argument of the tools that the profile names."""
    tools = wire.target.tools
    return [*_validated(tools), *_failing(tools), *_by_id(tools, wire, tenant)]


def _validated(tools: Tools) -> Iterable[Slot]:
    if (tool := tools.validated) is not None:
        for name, value in tool.arguments.items():
            if isinstance(value, str):
                # Free text beside the enumerated argument may hold whatever it likes.
                yield Slot(
                    tool.name, name, value, tool.arguments, is_lookup=name in tool.enumerated
                )


def _failing(tools: Tools) -> Iterable[Slot]:
    if (tool := tools.failing) is not None:
        yield Slot(tool.name, tool.message_argument, "failed", {}, is_lookup=False)


def _by_id(tools: Tools, wire: Wire, tenant: TenantKeys) -> Iterable[Slot]:
    for tool in tools.by_id:
        ids = require_ids(wire, tool, tenant.active)
        yield Slot(tool.name, tool.argument, str(ids[0]), tool.arguments, is_lookup=True)


def is_handled(answer: Answer) -> bool:
    """Tell whether a call was answered, by something other than a crash."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR


def but_for_the_letter(answer: Answer) -> str:
    """Return the text of an answer, without the letter in which two arguments differ."""
    return answer.visible[2].replace(OTHER, SAME)


def slept(slot: Slot, wire: Wire, tenant: TenantKeys, ending: str) -> bool:
    """Tell whether a payload decides how long a call takes: twice with it, and never without."""

    def seconds(asked: int) -> float:
        return slot.call(wire, tenant, slot.good + ending.format(seconds=asked)).seconds

    return seconds(SLEEP) >= SLEEP and seconds(0) < AT_ONCE and seconds(SLEEP) >= SLEEP


@requirement("MCP-13")
def test_sql_in_an_argument_is_no_condition(wire: Wire, guest: TenantKeys) -> None:
    """What would be true and what would be false to a database must be the same to a caller."""
    for slot in slots(wire, guest):
        good = slot.call(wire, guest, slot.good)
        establish(is_handled(good), f"{slot} answers to a good value")
        is_telling = slot.refuses_nonsense(wire, guest)
        for ending in CONDITIONS:
            true, false = (
                partial(slot.call, wire, guest, slot.good + ending.format(letter=letter))
                for letter in (SAME, OTHER)
            )
            found = true()
            assert is_handled(found), f"{slot} broke at the condition {ending}: {found}"
            assert not (is_telling and found.succeeded), (
                f"{slot} found something by a value that goes on with {ending}: {found}"
            )
            told = difference(true, false, but_for_the_letter)
            assert not told, (
                f"{slot} tells a condition that is true from one that is false ({ending}): {told}"
            )


@requirement("MCP-13")
def test_nothing_in_an_argument_is_run(wire: Wire, guest: TenantKeys) -> None:
    """A payload that were run, by a database or by a shell, would take its time."""
    for slot in slots(wire, guest):
        plain = slot.call(wire, guest, slot.good)
        establish(plain.seconds < AT_ONCE, f"{slot} answers a good value at once")
        for kind, ending in SLEEPERS.items():
            assert not slept(slot, wire, guest, ending), f"{slot} ran {kind}: {ending}"


@requirement("MCP-13")
def test_nothing_in_an_argument_is_evaluated(wire: Wire, guest: TenantKeys) -> None:
    """The product is in no payload, so whoever answers with it has worked it out."""
    for slot in slots(wire, guest):
        for kind, ending in EVALUATED.items():
            answer = slot.call(wire, guest, slot.good + ending)
            assert is_handled(answer), f"{slot} broke at an expression of {kind}: {answer}"
            assert WORKED_OUT not in answer.text, f"{slot} worked out {kind}: {answer}"
        for ending in FORMATS:
            answer = slot.call(wire, guest, slot.good + ending)
            assert is_handled(answer), f"{slot} broke at the format {ending}: {answer}"
            assert not FILLED_IN.search(answer.text), f"{slot} filled in {ending}: {answer}"


@requirement("MCP-13")
def test_no_argument_is_a_path(wire: Wire, guest: TenantKeys) -> None:
    """Files that every Unix has, by every spelling; the answer must hold nothing of them."""
    for slot in slots(wire, guest):
        is_telling = slot.refuses_nonsense(wire, guest)
        for path in PATHS:
            answer = slot.call(wire, guest, path)
            assert is_handled(answer), f"{slot} broke at the path {path!r}: {answer}"
            assert not FILE_CONTENT.search(answer.text), f"{slot} read the file {path!r}: {answer}"
            assert not (is_telling and answer.succeeded), (
                f"{slot} found something by the path {path!r}: {answer}"
            )


@requirement("MCP-13")
def test_no_argument_is_a_part_of_a_url(wire: Wire, keys: Keys) -> None:
    """Where another text finds what the good value finds, it was resolved: it could climb, too."""
    for slot in slots(wire, keys.b):
        if not (slot.good.isascii() and slot.refuses_nonsense(wire, keys.b)):
            continue
        good = slot.call(wire, keys.b, slot.good)
        establish(is_handled(good), f"{slot} answers to a good value (got {good})")
        for what, derive in DERIVED.items():
            answer = slot.call(wire, keys.b, derive(slot.good))
            assert is_handled(answer), f"{slot}: the good value {what}: {answer}"
            assert not (good.succeeded and answer.succeeded), (
                f"{slot}: the good value {what} found what the good value finds: {answer}"
            )


@requirement("MCP-13-b")
def test_no_argument_changes_a_table(wire: Wire, guest: TenantKeys, app_sql: AppDatabase) -> None:
    """A row of the calling tenant's would come, if a statement in an argument were carried out."""
    mark = own_word()
    # The statement that the profile has for adding a row, with its values written out.
    insert = app_sql.spelt_out(guest.tenant_id, mark)
    control = own_word()
    establish(
        app_sql.shows_mark(guest.tenant_id, control, inserting=True),
        "the tenant finds the mark of a row that it has added",
    )
    for slot in slots(wire, guest):
        for ending in (f"'; {insert}; --", f"; {insert}; --", f"'); {insert}; --"):
            answer = slot.call(wire, guest, slot.good + ending)
            assert is_handled(answer), f"{slot} broke at a statement of SQL: {answer}"
        is_there = app_sql.shows_mark(guest.tenant_id, mark)
        assert not is_there, f"{slot}: a statement in it was carried out: its row is in the table"
