"""The tools of a profile, and what checks ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.profile.delivery import (  # noqa: TC001 -- pydantic reads them
    DownstreamTools,
    EchoingTools,
    EnvironmentTool,
)
from conformance.profile.listening import FetchingTools  # noqa: TC001 -- pydantic reads it
from conformance.profile.mail import MailTool  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import (
    AskingTools,
    ByIdTools,
    ChangingTool,
    FailingTool,
    Section,
    TaskTool,
    TellingTools,
    ValidatedTool,
)
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.profile.target import Target


class Tools(Section):
    """Tools the suite may call; no other tool is ever called.

    ``ping`` tells whose the call is, under the names of ``[fields.results]``, and ``tenant_data``
    shows data of its caller's tenant, the canary among it; both are called without arguments.
    ``tenant_data``, what lists for ``by_id``, and ``validated`` with its good arguments are read on
    to further pages, where their schema takes the place of one.
    """

    ping: str | None = None
    tenant_data: str | None = None
    validated: ValidatedTool | None = None
    failing: FailingTool | None = None
    by_id: ByIdTools = ()
    asking: AskingTools = ()
    task: TaskTool | None = None
    change: ChangingTool | None = None
    fetching: FetchingTools = ()
    telling: TellingTools = ()
    downstream: DownstreamTools = ()
    echoing: EchoingTools = ()
    environment: EnvironmentTool | None = None
    mail: MailTool | None = None

    @property
    def may_tell(self) -> bool:
        """Whether there is a tool that tells of its work, or may."""
        named = (self.telling, self.change, self.by_id, self.task, self.ping, self.tenant_data)
        return any(named)


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
