"""Prompts with each kind of content, and one that asks for input first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import mcp_types as types

from reference_server.demo.everything.asking import ask, form, has_all
from reference_server.demo.everything.content import image
from reference_server.protocol.desk import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reference_server.protocol.desk import Call

    Render = Callable[[Mapping[str, str]], Sequence[types.ContentBlock]]

VALUES = ("paris", "park", "party")
"""What any argument of a fixture can be completed to."""


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


@dataclass(frozen=True)
class FixturePrompt:
    """A prompt whose messages are what ``render`` makes of its arguments, all of them required."""

    name: str
    description: str
    render: Render
    arguments: tuple[str, ...] = ()
    requests: Mapping[str, types.InputRequest] = field(
        default_factory=dict[str, types.InputRequest]
    )
    """What its client is asked for first."""

    @property
    def described(self) -> types.Prompt:
        """What a list tells of it."""
        arguments = [
            types.PromptArgument(name=name, description=f"The argument {name}.", required=True)
            for name in self.arguments
        ]
        return types.Prompt(name=self.name, description=self.description, arguments=arguments)

    async def get(
        self, call: Call, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        """Return the messages, once there is all that they need."""
        given = params.arguments or {}
        if set(given) != set(self.arguments):
            raise RefusedError(f"The arguments are: {', '.join(self.arguments) or 'none'}.")
        if not has_all(params, self.requests):
            return ask(call, self.requests)
        return types.GetPromptResult(
            description=self.description,
            messages=[
                types.PromptMessage(role="user", content=content) for content in self.render(given)
            ],
        )

    def complete(self, argument: str, beginning: str) -> Sequence[str]:
        """Return some words that begin so."""
        del argument
        return [value for value in VALUES if value.startswith(beginning)]


def _simple(given: Mapping[str, str]) -> Sequence[types.ContentBlock]:
    del given
    return [_text("This is a simple prompt for testing.")]


def _with_arguments(given: Mapping[str, str]) -> Sequence[types.ContentBlock]:
    told = ", ".join(f"{name}='{given[name]}'" for name in ("arg1", "arg2"))
    return [_text(f"Prompt with arguments: {told}")]


def _with_resource(given: Mapping[str, str]) -> Sequence[types.ContentBlock]:
    contents = types.TextResourceContents(
        uri=given["resourceUri"],
        mime_type="text/plain",
        text="Embedded resource content for testing.",
    )
    embedded = types.EmbeddedResource(type="resource", resource=contents)
    return [embedded, _text("Please process the embedded resource above.")]


def _with_image(given: Mapping[str, str]) -> Sequence[types.ContentBlock]:
    del given
    return [image(), _text("Please analyze the image above.")]


PROMPTS = (
    FixturePrompt("test_simple_prompt", "One text.", _simple),
    FixturePrompt(
        "test_prompt_with_arguments",
        "A text with two arguments in it.",
        _with_arguments,
        ("arg1", "arg2"),
    ),
    FixturePrompt(
        "test_prompt_with_embedded_resource",
        "The contents of a resource, and a text.",
        _with_resource,
        ("resourceUri",),
    ),
    FixturePrompt("test_prompt_with_image", "An image and a text.", _with_image),
    FixturePrompt(
        "test_input_required_result_prompt",
        "Asks for a context first.",
        _simple,
        requests={"user_context": form("What context should the prompt use?", "context")},
    ),
)
