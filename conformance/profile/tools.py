"""The tools of a profile as checks ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.profile.sections import FailingTool
    from conformance.profile.target import Target


def failing(target: Target) -> FailingTool:
    """Return the tool that fails as told; the clause needs it."""
    tool = target.tools.failing
    if tool is None:
        raise LookupError("the profile has no [tools.failing]")
    return tool


def detail_argument(tool: FailingTool) -> str:
    """Return the argument that takes an object. Raises NotAssessedError where there is none."""
    if tool.detail_argument is None:
        raise NotAssessedError(
            "supply [tools.failing] detail_argument: an argument that takes any object, or text",
            Channel.FAILING_TOOL,
        )
    return tool.detail_argument
