"""Prompts and completions: what they show and suggest is the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mcp_types as types

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import EventType
from reference_server.protocol.desk import LONGEST_NAME, Act, RefusedError
from reference_server.protocol.pages import refuse_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.parts import Parts
    from reference_server.prompts.contracts import Prompt
    from reference_server.protocol.desk import Call, Desk
    from reference_server.tools.contracts import Caller

MOST_SUGGESTIONS = 100
"""As the protocol has it."""


class PromptDesk:
    """Serves `prompts/list`, `prompts/get` and `completion/complete`."""

    def __init__(self, parts: Parts, desk: Desk) -> None:
        self._desk = desk
        self._prompts = {prompt.name: prompt for prompt in parts.mcp.prompts}
        self._families = {family.uri_template: family for family in parts.mcp.resources}

    async def list_prompts(
        self, call: Call, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """Return every prompt: all tenants have the same, on one page, and nobody has none."""
        refuse_cursor(params)
        is_there = self._desk.reaches_data(self._desk.caller_of(call))
        there = self._prompts.values() if is_there else ()
        return types.ListPromptsResult(prompts=[_describe(prompt) for prompt in there])

    async def get_prompt(
        self, call: Call, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """Return a prompt with the caller's data in it; MCPError for what names nothing."""
        act = Act(EventType.PROMPT_RENDERED, {"prompt": params.name[:LONGEST_NAME]})
        given = dict(params.arguments or {})
        return await self._desk.run(call, act, lambda caller: self._get(params.name, given, caller))

    async def complete(
        self, call: Call, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Return suggestions from the caller's own data; MCPError for what names nothing."""
        act = Act(EventType.ARGUMENT_COMPLETED, {"argument": params.argument.name[:LONGEST_NAME]})
        found = await self._desk.run(call, act, lambda caller: self._complete(params, caller))
        values = list(found[:MOST_SUGGESTIONS])
        more = len(found) > MOST_SUGGESTIONS
        return types.CompleteResult(completion=types.Completion(values=values, has_more=more))

    def _get(self, name: str, given: Mapping[str, str], caller: Caller) -> types.GetPromptResult:
        prompt = self._find(name, caller)
        known = {argument.name for argument in prompt.arguments}
        for argument in prompt.arguments:
            if argument.required and argument.name not in given:
                raise RefusedError(f"The argument {argument.name} is required.")
        if not known.issuperset(given):
            raise RefusedError("The prompt has no such argument.")
        text = types.TextContent(type="text", text=prompt.render(given, caller))
        return types.GetPromptResult(
            description=prompt.description,
            messages=[types.PromptMessage(role="user", content=text)],
        )

    def _complete(self, params: types.CompleteRequestParams, caller: Caller) -> Sequence[str]:
        argument, beginning = params.argument.name, params.argument.value
        if isinstance(params.ref, types.PromptReference):
            prompt = self._find(params.ref.name, caller)
            if argument not in {one.name for one in prompt.arguments}:
                raise UnknownObjectError("argument")
            return prompt.complete(argument, beginning, caller)
        family = self._families.get(params.ref.uri) if self._desk.reaches_data(caller) else None
        if family is None or f"{{{argument}}}" not in family.uri_template:
            raise UnknownObjectError("argument")
        return family.complete(beginning, caller)

    def _find(self, name: str, caller: Caller) -> Prompt:
        prompt = self._prompts.get(name) if self._desk.reaches_data(caller) else None
        if prompt is None:
            raise UnknownObjectError("prompt")
        return prompt


def _describe(prompt: Prompt) -> types.Prompt:
    return types.Prompt(
        name=prompt.name,
        description=prompt.description,
        arguments=[
            types.PromptArgument(
                name=argument.name, description=argument.description, required=argument.required
            )
            for argument in prompt.arguments
        ],
    )
