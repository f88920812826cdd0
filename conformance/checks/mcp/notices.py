"""MCP, continued: who is told of a call's progress, and who gets its log messages."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.streams import notices
from conformance.checks.mcp._calls import calls_of
from conformance.checks.mcp._common import eras
from conformance.checks.mcp._subscribers import subscribed
from conformance.forge.requests import STATELESS, rpc
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.streams import Stream
    from conformance.channels.http.wire import Wire
    from conformance.checks.mcp._calls import Call
    from conformance.forge.keys import Keys

LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
LEAST, SEVERE = LEVELS[0], "error"
LEVEL_ENTRY = "io.modelcontextprotocol/logLevel"
PROGRESS, MESSAGE = "notifications/progress", "notifications/message"
SILENT_SECONDS = 0.5
"""How long streams are watched further on which nothing should come."""


@dataclass(frozen=True)
class Desk:
    """A caller in one era, with a session where there are any, and the stream beside its calls."""

    line: Wire
    key: str
    session: str | None
    stream: Stream
    numbers: Iterator[int]

    def call(self, tool: Call, token: str | None = None, level: str | None = None) -> Told:
        """Call a tool, asking for progress under a token and for log messages of a level.

        In a session a level is set before, and stays.
        """
        meta: dict[str, Any] = {} if token is None else {"progressToken": token}
        is_taken = level is not None
        if level is not None and self.line.revision == STATELESS:
            meta[LEVEL_ENTRY] = level
        elif level is not None:
            is_taken = "result" in self._send("logging/setLevel", {"level": level}).message
        before = len(self.stream.told)
        params: dict[str, Any] = {"name": tool.name, "arguments": tool.arguments}
        answer = self._send("tools/call", {**params, "_meta": meta} if meta else params)
        messages = [*notices(answer.text), *self.stream.told[before:]]
        return Told(answer, messages, level if is_taken else None)

    def _send(self, method: str, params: dict[str, Any]) -> Answer:
        request = rpc(
            method,
            params,
            revision=self.line.revision,
            session=self.session,
            message_id=next(self.numbers),
        )
        return self.line.send(request, key=self.key)


@dataclass(frozen=True)
class Told:
    """An answer, the notifications that came with it, and the level that was taken for them."""

    answer: Answer
    messages: list[dict[str, Any]]
    level: str | None

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return what the notifications of a method tell."""
        return [params_of(one) for one in self.messages if one.get("method") == method]

    @property
    def below(self) -> set[str]:
        """The levels of log messages below that which was taken; a server may know of none."""
        if self.level is None:
            return set()
        levels = {str(params.get("level")) for params in self.of(MESSAGE)}
        return levels & set(LEVELS[: LEVELS.index(self.level)])

    @property
    def texts(self) -> set[str]:
        """What shows that a message is of this call: tokens and what was logged."""
        tokens = {str(params.get("progressToken")) for params in self.of(PROGRESS)}
        return tokens | {str(params.get("data")) for params in self.of(MESSAGE)}


def params_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a notification tells."""
    found: Any = message.get("params")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def silent() -> NotAssessedError:
    """Return what is said where no tool told of anything."""
    return NotAssessedError(
        f"no tool of the profile tells its caller of progress, or logs: supply {_TELLING}",
        Channel.TELLING_TOOL,
    )


_TELLING = Channel.TELLING_TOOL.supplied_by


def desk(stack: ExitStack, line: Wire, key: str) -> Desk:
    """Take a place in a session of its own, with its stream; or with one for changes of lists."""
    one = stack.enter_context(subscribed(line, key, ()))
    return Desk(line, key, one.session, one.stream, count(2))


def token() -> str:
    """Return a progress token that nobody else uses."""
    return secrets.token_hex(8)


@requirement("MCP-26")
def test_progress_and_log_messages_reach_their_caller_alone(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """A is told of its call as it asked; B's streams, and another of A's, show nothing of that.

    B has asked for all levels, and for progress of a call of its own.
    """
    ours, theirs = (calls_of(wire, keys, one) for one in (keys.a, keys.b))
    same = {call.name: call for call in theirs}
    judged = False
    with ExitStack() as stack:
        for revision in eras(discovery):
            line = wire.derived(revision=revision)
            mine, other = (desk(stack, line, keys.a.active) for _ in range(2))
            foreign = desk(stack, line, keys.b.active)
            for own in ours:
                establish(own.name in same, f"tenant B may call {own.name}, too")
                first = foreign.call(same[own.name], token(), LEAST)
                asked = token()
                told = mine.call(own, asked, LEAST)
                if not told.messages:
                    continue
                judged = True
                wrong = [one for one in told.of(PROGRESS) if one.get("progressToken") != asked]
                assert not wrong, f"{revision}: progress was told under another token: {wrong}"
                secret = [one for one in told.messages if shows(keys.active, str(one))]
                assert not secret, f"{revision}: a message to the caller holds its key"
                again = foreign.call(same[own.name], token(), LEAST)
                other.stream.comes_to(lambda one: one.has_ended, SILENT_SECONDS)
                words = told.texts - first.texts - again.texts
                heard = [*foreign.stream.told, *other.stream.told, *again.messages]
                heard += first.messages
                leaked = [one for one in heard for word in words if shows(word, str(one))]
                assert not leaked, f"{revision}: somebody else was told of a call of A's: {leaked}"
    if not judged:
        raise silent()


@requirement("MCP-26")
def test_nobody_is_told_more_than_was_asked_for(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """The same call tells all when it is asked to, and else none, or none below the level.

    What a session is sent that never set a level is for the server to decide.
    """
    judged = False
    with ExitStack() as stack:
        for revision in eras(discovery):
            line = wire.derived(revision=revision)
            for tool in calls_of(wire, keys, keys.a):
                mine = desk(stack, line, keys.a.active)
                unasked = mine.call(tool)
                everything = mine.call(tool, token(), LEAST)
                if not (everything.messages or unasked.messages):
                    continue
                severe = mine.call(tool, None, SEVERE)
                establish(severe.answer.succeeded, f"{revision}: {tool} works ({severe.answer})")
                for told in (unasked, severe):
                    progress = told.of(PROGRESS)
                    assert not progress, f"{revision}: progress was told unasked: {progress}"
                if revision == STATELESS:
                    logged = unasked.of(MESSAGE)
                    assert not logged, f"{revision}: a log message was sent unasked: {logged}"
                assert not severe.below, (
                    f"{revision}: asked for {SEVERE}, the caller was sent {severe.below}"
                )
                judged = judged or bool(everything.messages)
    if not judged:
        raise silent()
