"""MCP, continued: what a caller is given to keep between a question and its answer."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.checks.mcp._askers import askers
from conformance.forge.objects import nobodys_text
from conformance.forge.states import changed
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.verdicts import NotApplicableError, NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.asking import Asker
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.keys import Keys

LONG = 86_400
"""Seconds after which no question waits for its answer any more: whoever was asked is gone."""


def keeping(wire: Wire, discovery: Discovery, key: str) -> list[Asker]:
    """Return the tools that give their callers a state. Raises NotApplicableError for none."""
    found = [one for one in askers(wire, discovery, key) if one.ask(key).has_state]
    if not found:
        raise NotApplicableError("the target's tools ask, and give their callers no state")
    return found


def heeding(wire: Wire, discovery: Discovery, key: str) -> list[Asker]:
    """Return the tools whose state matters: an answer with it is taken, and none with another.

    What a server does not look at, it need not protect.
    """
    found = [one for one in keeping(wire, discovery, key) if heeds(one, key)]
    if not found:
        raise NotApplicableError("the target does not look at the states that it gives")
    return found


def heeds(asker: Asker, key: str) -> bool:
    """Tell whether a tool looks at its state. Raises NotAssessedError where nothing shows it."""
    asker.take(key)
    asked = asker.ask(key)
    spoilt = partial(asker.reply, key, asked, state=nobodys_text(asked.state))
    if not asker.took(spoilt(), asked):
        return True
    if asker.tool.answer is None:
        raise NotAssessedError(
            f"{asker.tool.name} lets whoever declines send any state: supply the profile's "
            "[tools.asking] answer, to agree with",
            Channel.ASKING_TOOL,
        )
    return bool(difference(spoilt, partial(asker.take, key)))


@requirement("MCP-25")
def test_a_state_is_of_use_to_nobody_else(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """The other tenant has its own call and its own answer taken; only whose state it is differs.

    Both ways, so that neither tenant's rights explain it.
    """
    for owner, other in ((keys.a, keys.b), (keys.b, keys.a)):
        for asker in heeding(wire, discovery, owner.active):
            asker.take(other.active)
            asked = asker.ask(owner.active)
            answer = asker.reply(other.active, asked)
            assert not asker.took(answer, asked), (
                f"{asker.tool.name} took another tenant's state: {answer}"
            )


@requirement("MCP-25")
def test_a_changed_state_is_refused(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Its own caller sends it back with one thing changed; unchanged, it is taken."""
    key = keys.a.active
    for asker in heeding(wire, discovery, key):
        asked = asker.ask(key)
        for what, state in changed(asked.state):
            answer = asker.reply(key, asked, state=state)
            assert not asker.took(answer, asked), (
                f"{asker.tool.name} took a state with {what} changed: {answer}"
            )
        asker.take(key)


@requirement("MCP-25")
def test_a_state_is_good_for_its_own_call_alone(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Both calls are taken, each with its own state; with the other's, neither may be."""
    key = keys.a.active
    found = heeding(wire, discovery, key)
    crossed = 0
    for asker in found:
        other = asker.tool.other_arguments
        if other is not None:
            asked, elsewhere = asker.ask(key), asker.ask(key, other)
            answer = asker.reply(key, elsewhere, state=asked.state)
            assert not asker.took(answer, elsewhere), (
                f"{asker.tool.name} took the state of a call with other arguments: {answer}"
            )
            crossed += 1
    for first, second in pairwise(found):
        asked, elsewhere = first.ask(key), second.ask(key)
        answer = second.reply(key, elsewhere, state=asked.state)
        assert not second.took(answer, elsewhere), (
            f"{second.tool.name} took the state of {first.tool.name}: {answer}"
        )
        crossed += 1
    if not crossed:
        raise NotAssessedError(
            "supply the profile's [tools.asking] other_arguments: another call of the tool",
            Channel.ASKING_TOOL,
        )


@requirement("MCP-25")
def test_a_state_without_a_key_opens_nothing(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Its owner's answer is taken; without a key, or with a wrong one, it is a stranger's."""
    for asker in heeding(wire, discovery, keys.a.active):
        for key in (None, keys.random()):
            answer = asker.reply(key, asker.ask(keys.a.active))
            assert not answer.result, f"{asker.tool.name} took a state for a key: {answer}"
        asker.take(keys.a.active)


@requirement("MCP-25")
def test_a_state_shows_no_secret(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """A state passes through clients, their logs and whatever stands between."""
    for asker in keeping(wire, discovery, keys.a.active):
        for owner, other in ((keys.a, keys.b), (keys.b, keys.a), (keys.a, keys.b)):
            state = asker.ask(owner.active).state
            assert not shows(owner.active, state), f"{asker.tool.name}: a state holds its key"
            told = other.tenant.canary
            assert not (told and shows(told, state)), (
                f"{asker.tool.name}: a state holds another tenant's canary"
            )


@requirement("MCP-25", also_needs=(Channel.CLOCK,))
def test_a_state_does_not_live_on(
    wire: Wire, keys: Keys, discovery: Discovery, passage: Passage
) -> None:
    """A day later the call and its answer are taken as before, with a new state alone."""
    key = keys.a.active
    waiting = [(asker, asker.ask(key)) for asker in heeding(wire, discovery, key)]
    passage.of(LONG)
    for asker, asked in waiting:
        answer = asker.reply(key, asked)
        assert not asker.took(answer, asked), f"{asker.tool.name} took a state of a day ago"
        own = asker.take(key)
        establish(own.succeeded, "the key is still good")
