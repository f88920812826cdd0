"""Tools that ask before they act, in revision 2026-07-28: asked, answered, and called again.

The answer to a call is then a result that holds the questions, and a state that the caller keeps
and sends along with the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.own import own_arguments
from conformance.forge.requests import CAPABILITIES, STATELESS, rpc
from conformance.text.nested import properties
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.sections import AskingTool

ELICITATION = "elicitation/create"
ABLE: dict[str, Any] = {"elicitation": {"form": {}, "url": {}}}
"""What a client says that puts questions to its user."""
_ABLE = {CAPABILITIES: ABLE}


def questions_of(answer: Answer) -> dict[str, dict[str, Any]]:
    """Return what a result asks its caller, by the names that the answers go under."""
    found = answer.result.get("inputRequests")
    asked = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return {name: one for name, one in asked.items() if isinstance(one, dict)}


def is_asking(answer: Answer) -> bool:
    """Tell whether a call was answered by asking for more."""
    return answer.succeeded and answer.result.get("resultType") == "input_required"


def answer_to(question: Mapping[str, Any], tool: AskingTool) -> dict[str, Any]:
    """Return what the profile answers to a question; it declines where it says nothing."""
    if tool.answer is None:
        return {"action": "decline"}
    params: Any = question.get("params")
    is_form = not isinstance(params, dict) or "url" not in params
    return {"action": "accept", **({"content": tool.answer} if is_form else {})}


@dataclass(frozen=True)
class Asked:
    """A call that was answered by questions, and what its caller keeps of them."""

    tool: AskingTool
    arguments: Mapping[str, Any]
    answer: Answer

    @property
    def has_state(self) -> bool:
        """Whether there is a state to send along."""
        return self.answer.result.get("requestState") is not None

    @property
    def state(self) -> str:
        """The state to send along. Raises NotApplicableError where there is none."""
        found = self.answer.result.get("requestState")
        if found is None:
            raise NotApplicableError(f"{self.tool.name} asks, and gives its caller no state")
        establish(isinstance(found, str) and found, f"a state is text (got {self.answer})")
        return str(found)

    @property
    def words(self) -> set[str]:
        """What is asked, in its own words."""
        return {
            str(found)
            for path, found in properties(questions_of(self.answer))
            if path[-1] in {"message", "url"}
        }


@dataclass(frozen=True)
class Asker:
    """Calls one tool that asks, and answers as the profile says, or else declines."""

    wire: Wire
    tool: AskingTool

    def asks(self, key: str) -> bool:
        """Tell whether the tool asks when it is called for the first time."""
        return is_asking(self._call(key, own_arguments(self.wire, self.tool, key), {}))

    def ask(self, key: str, arguments: Mapping[str, Any] | None = None) -> Asked:
        """Call the tool for the first time; it must ask."""
        used = own_arguments(self.wire, self.tool, key) if arguments is None else arguments
        answer = self._call(key, used, {})
        establish(is_asking(answer), f"{self.tool.name} asks before it acts (got {answer})")
        return Asked(self.tool, used, answer)

    def reply(
        self,
        key: str | None,
        asked: Asked,
        *,
        state: str | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Call the tool again with answers to what it asked; ``state`` in place of the given."""
        more = {"inputResponses": self._answers(asked), "requestState": state or asked.state}
        return self._call(key, asked.arguments if arguments is None else arguments, more)

    def took(self, answer: Answer, asked: Asked) -> bool:
        """Tell whether a reply was taken: the tool acted, or asks something else by now.

        Who asks the same again has disregarded what was sent.
        """
        if is_asking(answer):
            return Asked(self.tool, asked.arguments, answer).words != asked.words
        return answer.succeeded

    def take(self, key: str) -> Answer:
        """Go the right way, from the question to its end. It must be one."""
        asked = self.ask(key)
        answer = self.reply(key, asked)
        establish(
            self.took(answer, asked),
            f"{self.tool.name} takes the answer with its own state (got {answer})",
        )
        return answer

    def _answers(self, asked: Asked) -> dict[str, Any]:
        asked_now = questions_of(asked.answer)
        return {name: answer_to(one, self.tool) for name, one in asked_now.items()}

    def _call(self, key: str | None, used: Mapping[str, Any], more: dict[str, Any]) -> Answer:
        params: dict[str, Any] = {
            "name": self.tool.name,
            "arguments": dict(used),
            "_meta": _ABLE,
            **more,
        }
        if key is not None:
            return self.wire.call("tools/call", params, key=key)
        return self.wire.send(rpc("tools/call", params, revision=STATELESS))
