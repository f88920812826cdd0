"""Small tools to bend one part of a server: wrap a stage, a trail, a redactor, a tool."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from reference_server.core.settings import Limits
from reference_server.mutants.model import Mutant
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flask import Response
    from sqlalchemy import Engine

    from reference_server.audit.contracts import AuditEvent, AuditTrail
    from reference_server.audit.trail import SqlAuditTrail
    from reference_server.context import RequestContext
    from reference_server.db.chain import AuditChain
    from reference_server.db.session import SqlTenantSessions
    from reference_server.keys.rotation import SqlKeyRotation
    from reference_server.limits.contracts import Limiter
    from reference_server.observability.contracts import Redactor
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller, Tool

    Stage = Callable[[RequestContext, Parts], Response | None]

T = TypeVar("T")

OPEN_KEYS = (
    "CREATE POLICY open_keys ON api_keys USING (true) WITH CHECK (true)",
    "GRANT SELECT, UPDATE (expires_at, revoked_at, last_used_at) ON api_keys TO mcp_app",
    "DROP TRIGGER keys_only_end ON api_keys",
)
"""What has a server that looks into its table of keys itself, and is trusted with all of them."""


def mutant(name: str, fails: str, summary: str, **bent: Any) -> Mutant:
    """Return a mutant; ``fails`` are requirement ids separated by spaces."""
    return Mutant(id=name, fails=frozenset(fails.split()), summary=summary, **bent)


def replaced(changes: Mapping[str, Callable[[Parts], Any]]) -> Callable[[Parts], Parts]:
    """Return a change of parts: each path, as ``keys.hasher``, becomes what its function makes."""

    def bend(parts: Parts) -> Parts:
        return with_parts(parts, {path: make(parts) for path, make in changes.items()})

    return bend


class Beside:
    """Stands in a part's place, and does as the part does in all that is not said otherwise."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def of_kind(kind: type[T], real: Any) -> T:
    """Return a part of another kind that is made of what the real one, a dataclass, is made of."""
    return kind(**{one.name: getattr(real, one.name) for one in fields(real)})


def rotating(kind: type[SqlKeyRotation]) -> Callable[[Parts], Parts]:
    """Return a change of parts that rotates keys in another way."""

    def make(parts: Parts) -> SqlKeyRotation:
        return kind(engine_of(parts), parts.keys.hasher, parts.clock, Limits())

    return replaced({"keys.rotation": make})


def with_stage(name: str, around: Callable[[Stage], Stage]) -> Callable[[Parts], Parts]:
    """Return a change of parts that wraps the stage of that name.

    LookupError when there is no such stage: a mutant of nothing would prove nothing.
    """

    def bend(parts: Parts) -> Parts:
        names = [stage.__name__ for stage in parts.web.pipeline]
        if name not in names:
            raise LookupError(f"the pipeline has no stage {name}")
        stages = [
            _named(around(stage), name) if stage.__name__ == name else stage
            for stage in parts.web.pipeline
        ]
        return with_parts(parts, {"web.pipeline": tuple(stages)})

    return bend


def refusing(decide: Callable[[RequestContext], Response | None]) -> Callable[[Stage], Stage]:
    """Return a wrapper that swaps a stage's refusal for another, where ``decide`` has one."""

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            refusal = stage(context, parts)
            return refusal if refusal is None else decide(context) or refusal

        return bent

    return around


def before(act: Callable[[RequestContext, Parts], Response | None]) -> Callable[[Stage], Stage]:
    """Return a wrapper that does something before a stage, and may answer in its place."""

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            return act(context, parts) or stage(context, parts)

        return bent

    return around


def addressed_by(subject: Callable[[RequestContext], str]) -> Callable[[Stage], Stage]:
    """Return a wrapper that has a stage take what a request says of itself for its address."""

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            told = replace(context, address=subject(context), events=context.events)
            return stage(told, parts)

        return bent

    return around


def claimed(context: RequestContext) -> str:
    """Return the address that a request says it comes from."""
    return header(context, "x-forwarded-for") or context.address


def engine_of(parts: Parts) -> Engine:
    """Return the runtime role's engine, which the real parts share."""
    return cast("SqlTenantSessions", parts.sessions).engine


def chain_of(parts: Parts) -> AuditChain:
    """Return the real trail's chain: a mutant's rows are links like any other."""
    return cast("SqlAuditTrail", parts.trail).chain


def header(context: RequestContext, name: str) -> str | None:
    """Return the first header of a name."""
    return next((value for key, value in context.headers if key.lower() == name), None)


@dataclass
class BentTrail:
    """A trail that passes events through a function: none, one or more come out."""

    trail: AuditTrail
    bend: Callable[[AuditEvent], Iterable[AuditEvent]]

    def write(self, *events: AuditEvent) -> None:
        """Store what is left of the rows."""
        self.trail.write(*(bent for event in events for bent in self.bend(event)))

    def close(self) -> None:
        """Close the real trail."""
        self.trail.close()


def bent_trail(bend: Callable[[AuditEvent], Iterable[AuditEvent]]) -> Callable[[Parts], Parts]:
    """Return a change of parts that bends every audit event."""
    return replaced({"trail": lambda parts: BentTrail(parts.trail, bend)})


def trail_with(redactor: Redactor) -> Callable[[Parts], Parts]:
    """Return a change of parts whose trail scrubs with another redactor."""

    def rebuild(parts: Parts) -> AuditTrail:
        from reference_server.audit.trail import SqlAuditTrail

        return trail_of(SqlAuditTrail, replace(parts, redactor=redactor))

    return replaced({"trail": rebuild})


def trail_of(kind: type[SqlAuditTrail], parts: Parts) -> SqlAuditTrail:
    """Return a trail of another kind in the place of the real one, which is closed."""
    former = cast("SqlAuditTrail", parts.trail)
    former.close()
    anchors = None if former.anchors is None else former.anchors.renewed()
    return kind(engine_of(parts), parts.clock, parts.redactor, former.chain, anchors)


def address_limiter(requests: int) -> Callable[[Parts], Parts]:
    """Return a change of parts with another limit for each address."""

    def rebuild(parts: Parts) -> Limiter:
        from reference_server.limits.limiter import MovingWindowLimiter

        return MovingWindowLimiter(parts.clock, requests, 60)

    return replaced({"limits.address": rebuild})


@dataclass(frozen=True)
class BentTool:
    """A tool with other behaviour under the same name."""

    tool: Tool
    act: Callable[[Mapping[str, Any], Caller], Mapping[str, Any]]
    schema: dict[str, Any] | None = None
    name: str = field(init=False)
    description: str = field(init=False)
    input_schema: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.tool.name)
        object.__setattr__(self, "description", self.tool.description)
        object.__setattr__(self, "input_schema", self.schema or self.tool.input_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Run the bent behaviour."""
        return self.act(arguments, caller)


def with_tool(
    name: str,
    act: Callable[[Mapping[str, Any], Caller], Mapping[str, Any]] | None = None,
    schema: dict[str, Any] | None = None,
) -> Callable[[Parts], Parts]:
    """Return a change of parts in which one tool acts, or describes itself, differently."""

    def bend(parts: Parts) -> Parts:
        if name not in {tool.name for tool in parts.mcp.tools}:
            raise LookupError(f"there is no tool {name}")
        tools = [
            BentTool(tool, act or tool.run, schema) if tool.name == name else tool
            for tool in parts.mcp.tools
        ]
        return with_parts(parts, {"mcp.tools": tuple(tools)})

    return bend


def _named(stage: Stage, name: str) -> Stage:
    stage.__name__ = name  # refusals are audited under it
    return stage
