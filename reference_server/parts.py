"""Every replaceable collaborator of the server, grouped by the domain that it belongs to.

A mutant replaces one of these (or runs SQL after the migration); production wires the real ones
in ``wiring.py``. So a defect is planted without a single ``if`` in product code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import mcp_types as types
    from flask import Response
    from mcp.server import ServerRequestContext
    from mcp.server.request_state import RequestStateCodec

    from reference_server.audit.contracts import AuditTrail, RefusalCount
    from reference_server.context import RequestContext
    from reference_server.core.contracts import Clock
    from reference_server.core.principal import Principal
    from reference_server.db.contracts import TenantSessions
    from reference_server.identity.contracts import IdentityParts
    from reference_server.keys.contracts import KeyParts
    from reference_server.limits.contracts import LimitParts
    from reference_server.mail.contracts import MailParts
    from reference_server.oauth.contracts import OAuthParts
    from reference_server.observability.contracts import Redactor
    from reference_server.permissions.contracts import Permissions
    from reference_server.plugins.contracts import PluginParts
    from reference_server.prompts.contracts import Prompt
    from reference_server.resources.contracts import ResourceFamily
    from reference_server.scanner.contracts import ScannerParts
    from reference_server.sessions.contracts import SessionParts
    from reference_server.tools.contracts import Tool
    from reference_server.vault.contracts import VaultParts


Stage = "Callable[[RequestContext, Parts], Response | None]"
"""A stage of the security chain: an answer refuses the request, None passes it on."""


def directly(app: Any) -> Any:
    """Return what is given, as it is: nothing stands before it."""
    return app


class Cursors(Protocol):
    """Opaque cursors of lists, each of use to one principal for one list."""

    def issue(self, listing: str, owner: str, position: str) -> str:
        """Return the cursor that goes on behind ``position``."""
        ...

    def read(self, cursor: str, listing: str, owner: str) -> str:
        """Return the position, or refuse a cursor that is forged or somebody else's."""
        ...


class RawTool(Protocol):
    """A tool that speaks the protocol itself: any content, messages, input asked for in between."""

    @property
    def name(self) -> str:
        """The name it is called by."""
        ...

    @property
    def description(self) -> str:
        """What it does, for the model that chooses."""
        ...

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema that its arguments are validated against."""
        ...

    async def call(
        self, call: ServerRequestContext[Any, Any], params: types.CallToolRequestParams, caller: Any
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Return the result. MCPError is told as it is; any other exception fails the call."""
        ...


class RawPrompt(Protocol):
    """A prompt that speaks the protocol itself: any content, input asked for in between."""

    @property
    def described(self) -> types.Prompt:
        """What a list tells of it."""
        ...

    async def get(
        self, call: ServerRequestContext[Any, Any], params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        """Return the messages; its arguments are its own to check."""
        ...

    def complete(self, argument: str, beginning: str) -> Sequence[str]:
        """Return values of an argument that begin so."""
        ...


@dataclass(frozen=True)
class WebParts:
    """What every request passes: the chain, the headers of every answer, what stands before."""

    pipeline: Sequence[Callable[[RequestContext, Parts], Response | None]]
    security_headers: Mapping[str, str]
    edge: Callable[[Any], Any] = directly
    """What stands between the HTTP server and the application: an ASGI middleware."""
    probes: Mapping[str, Callable[[], bool]] = field(
        default_factory=dict[str, "Callable[[], bool]"]
    )
    """What readiness asks, by the names that it tells; StorageUnavailableError counts as a no."""
    protocol: Callable[[Any], Any] = directly
    """What a connection is served by, made of the HTTP server's own class for that."""


@dataclass(frozen=True)
class McpParts:
    """What the MCP endpoint offers, tells and checks."""

    tools: Sequence[Tool]
    resources: Sequence[ResourceFamily]
    prompts: Sequence[Prompt]
    cursors: Cursors
    """Makes the cursors of a principal's lists, and reads them back."""
    describe_failure: Callable[[Exception, RequestContext], str]
    """The text a caller sees of a failed tool; a fixed sentence with the request id."""
    session_owner: Callable[[Principal], str]
    """The identity an MCP session is bound to."""
    routes_to_mcp: Callable[[Mapping[str, Any]], bool]
    """Whether an ASGI scope is the MCP endpoint's."""
    session_manager: Callable[..., Any]
    """Makes the SDK's session manager of a server and its options."""
    subscriptions: Callable[..., Any]
    """Makes what serves subscriptions, of the parts and the desks that it asks."""
    notices: Callable[[], Any]
    """Makes what tells callers of their calls' progress, and sends them log messages."""
    may_stay: Callable[[RequestContext, Parts], bool]
    """Whether whoever opened a stream may still have it."""
    server_version: str
    """What the server tells of itself when it is introduced."""
    states: RequestStateCodec
    """Seals the states of questions, which callers keep, and opens them again."""
    boundary: Callable[..., Any]
    """Makes the SDK's middleware that a state passes on its way out and back in."""
    tasks: Any
    """The tasks of all principals, as ``protocol.tasks`` keeps them."""
    check_origin: bool = True
    page_size: int = 50
    """Entries on a page of a list that varies by caller."""
    raw_tools: Sequence[RawTool] = ()
    raw_prompts: Sequence[RawPrompt] = ()
    extensions: Sequence[Callable[[Any, Parts, Any], None]] = ()
    """Each adds to the SDK's server, given these parts and the desk that audits, what is no tool,
    resource or prompt: methods of its own, or a middleware."""


@dataclass(frozen=True)
class Parts:
    """The collaborators of one running server."""

    clock: Clock
    trail: AuditTrail
    repeats: RefusalCount
    sessions: TenantSessions
    redactor: Redactor
    keys: KeyParts
    tokens: SessionParts
    permissions: Permissions
    limits: LimitParts
    scanner: ScannerParts
    oauth: OAuthParts
    identity: IdentityParts
    web: WebParts
    mcp: McpParts
    plugins: PluginParts
    vault: VaultParts
    mail: MailParts | None = None
    """None where no mail is sent."""


def with_parts(parts: Parts, changes: Mapping[str, Any]) -> Parts:
    """Return the parts with others in their places, which are paths such as ``keys.hasher``.

    AttributeError when there is no such place.
    """
    for path, part in changes.items():
        parts = _with_part(parts, path, part)
    return parts


def _with_part(group: Any, path: str, part: Any) -> Any:
    name, _, rest = path.partition(".")
    changed = _with_part(getattr(group, name), rest, part) if rest else part
    return replace(group, **{name: changed})
