"""Tools that ask before they act, in revisions with sessions: by a request on the call's stream.

The answer to it is a message of its own, posted in the session while the call is still open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.asking import ABLE, ELICITATION
from conformance.channels.http.body import event_data, parsed
from conformance.channels.http.own import own_arguments
from conformance.forge.requests import Request, rpc
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.sections import AskingTool

    Question = dict[str, Any]
    React = Callable[[Question], object]


@dataclass
class SessionAsker:
    """Calls one tool that asks, in sessions; ``wire`` speaks a revision that has them."""

    wire: Wire
    tool: AskingTool
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def open(self, key: str) -> str:
        """Open a session that can be asked in. Raises NotApplicableError where there is none."""
        answer, session = self.wire.open_session(key, ABLE)
        establish(answer.succeeded, f"a session can be opened (got {answer})")
        if session is None:
            raise NotApplicableError("the target opens no sessions in which it could ask")
        return session

    def call(self, key: str, session: str, react: React) -> Answer:
        """Call the tool; ``react`` is told each question once, while the call waits."""
        told: set[str] = set()

        def hear(body: bytes) -> None:
            for question in _questions(body.decode("utf-8", "replace")):
                identity = json.dumps(question.get("id"))
                if identity not in told:
                    told.add(identity)
                    react(question)

        request = rpc(
            "tools/call",
            {"name": self.tool.name, "arguments": own_arguments(self.wire, self.tool, key)},
            revision=self.wire.revision,
            session=session,
            message_id=next(self._numbers),
        )
        return self.wire.send(request.but(heard=hear), key=key)

    def answer(self, key: str, session: str, question: Question, result: Any) -> Answer:
        """Post the answer to a question in a session."""
        empty = rpc("", revision=self.wire.revision, session=session)
        message = {"jsonrpc": "2.0", "id": question.get("id"), "result": result}
        request = Request(headers=empty.headers, body=json.dumps(message).encode())
        return self.wire.derived(may_be_silent=True).send(request, key=key)


def _questions(stream: str) -> Iterator[Question]:
    """Yield what a stream has asked so far."""
    # What follows the last blank line may still be on its way.
    whole = stream.replace("\r\n", "\n").rpartition("\n\n")[0]
    for data in event_data(whole + "\n\n"):
        message = parsed(data)
        if isinstance(message, dict):
            found = cast("Question", message)
            if found.get("method") == ELICITATION and "id" in found:
                yield found
