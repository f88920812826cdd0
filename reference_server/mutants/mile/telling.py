"""Defects of what is told, logged and stored of a credential that was delivered."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import BentTrail, bent_trail, mutant, replaced
from reference_server.mutants.mile._bending import answering, masking, running
from reference_server.observability.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reference_server.audit.contracts import AuditEvent
    from reference_server.parts import Parts
    from reference_server.plugins.contracts import Order

    Mask = Callable[[Any, Any], Any]

_EXECUTIONS = ("mcp.execution_started", "mcp.execution_ended")


def _is_execution(event: AuditEvent) -> bool:
    return event.event_type.value in _EXECUTIONS


def _logged(form: Callable[[str], str]) -> Any:
    """Return a change of parts that logs how a process is started."""

    def bend(order: Order) -> Order:
        words = [f"{name}={form(one)}" for name, one in order.delivery.variables.items()]
        log_event("process_started", None, command=" ".join([*words, *order.plugin.command]))
        return order

    return running(bend)


def _log_answers(order: Order, found: dict[str, Any]) -> dict[str, Any]:
    if found.get("isError"):
        # The redactor knows a credential behind its scheme, and not one that stands by itself.
        text = json.dumps(found).replace("Bearer ", "")
        log_event("tool_said", None, tool=order.tool, text=text)
    return found


def _explained(mask: Mask) -> Mask:
    """Return a mask after which a result tells what its tool was called with."""

    def masked(value: Any, known: Any) -> Any:
        safe = mask(value, known)
        if "content" in safe:
            told = f"called with {', '.join(known)}"
            safe["content"].append({"type": "text", "text": told})
        return safe

    return masked


def _with_keys(parts: Parts) -> Callable[[AuditEvent], Iterable[AuditEvent]]:
    def bend(event: AuditEvent) -> Iterable[AuditEvent]:
        if _is_execution(event) and event.metadata is not None and event.tenant_id is not None:
            shown = parts.plugins.secrets.get(event.tenant_id, "GITHUB_TOKEN")
            given = {**event.metadata["input"], "with": shown}
            yield replace(event, metadata={**event.metadata, "input": given})
        else:
            yield event

    return bend


def _executions(**changed: Any) -> Any:
    """Return a change of parts in which rows of executions tell otherwise; None leaves out."""

    def bend(event: AuditEvent) -> Iterable[AuditEvent]:
        if not _is_execution(event) or event.metadata is None:
            return (event,)
        told = {**event.metadata, **changed}
        return (replace(event, metadata={k: v for k, v in told.items() if v is not None}),)

    return bent_trail(bend)


def _unlogged(event: AuditEvent) -> Iterable[AuditEvent]:
    return () if _is_execution(event) else (event,)


def _plain_alone(mask: Mask) -> Mask:
    del mask

    def masked(value: Any, credentials: Any) -> Any:
        text = json.dumps(value)
        for one in credentials:
            text = text.replace(one, "[CREDENTIAL]")
        return json.loads(text)

    return masked


def _whole_alone(mask: Mask) -> Mask:
    del mask

    def masked(value: Any, credentials: Any) -> Any:
        if isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            return {name: masked(one, credentials) for name, one in table.items()}
        if isinstance(value, list):
            return [masked(one, credentials) for one in cast("list[Any]", value)]
        return "[CREDENTIAL]" if value in credentials else value

    return masked


def _but(is_left: Callable[[Any], bool]) -> Callable[[Mask], Mask]:
    """Return a mask that leaves some results as they are."""

    def around(mask: Mask) -> Mask:
        return lambda value, known: value if is_left(value) else mask(value, known)

    return around


def _content_alone(mask: Mask) -> Mask:
    def masked(value: Any, known: Any) -> Any:
        safe = mask(value, known)
        return (
            {**safe, "structuredContent": value["structuredContent"]}
            if ("structuredContent" in value)
            else safe
        )

    return masked


MUTANTS = (
    mutant(
        "keys-logged-with-the-command",
        "MILE-02",
        "The log tells the command by which a process is started, with its variables.",
        parts=_logged(str),
    ),
    mutant(
        "keys-logged-in-base64",
        "MILE-02",
        "The log tells the variables of a process in base64.",
        parts=_logged(lambda value: base64.b64encode(value.encode()).decode()),
    ),
    mutant(
        "errors-of-tools-logged-as-they-are",
        "MILE-02",
        "What a tool says of its failure is logged before it is masked.",
        parts=answering(_log_answers),
    ),
    mutant(
        "results-tell-what-was-delivered",
        "MILE-02 MILE-06",
        "A result tells with which credentials its tool was called.",
        parts=masking(_explained),
    ),
    mutant(
        "keys-in-the-input-of-executions",
        "MILE-02 MILE-05",
        "The credential is stored as if it were one of a tool's arguments.",
        parts=replaced({"trail": lambda parts: BentTrail(parts.trail, _with_keys(parts))}),
    ),
    mutant(
        "executions-unlogged",
        "MILE-05",
        "No row tells of an execution.",
        parts=bent_trail(_unlogged),
    ),
    mutant(
        "executions-share-an-id",
        "MILE-05",
        "All executions of a tool have one id.",
        parts=_executions(execution="6f1d8a52-0a4c-4a57-9a6e-2a4b7f3f9f10"),
    ),
    mutant(
        "executions-without-a-status",
        "MILE-05",
        "The rows of an execution do not tell how it stands with it.",
        parts=_executions(status=None),
    ),
    mutant(
        "executions-always-succeed",
        "MILE-05",
        "An execution that failed has the status of one that succeeded.",
        parts=_executions(status="succeeded"),
    ),
    mutant(
        "executions-without-their-input",
        "MILE-05",
        "The rows of an execution do not tell what it was given.",
        parts=_executions(input=None),
    ),
    mutant(
        "executions-without-their-server",
        "MILE-05",
        "The rows of an execution do not tell which program ran it.",
        parts=_executions(server=None),
    ),
    mutant(
        "executions-without-their-start",
        "MILE-05",
        "The rows of an execution do not tell when it began.",
        parts=_executions(started_at=None),
    ),
    mutant(
        "nothing-is-masked",
        "MILE-06",
        "What a tool says is answered as it is.",
        parts=masking(_but(lambda _: True)),
    ),
    mutant(
        "plain-credentials-masked-alone",
        "MILE-06",
        "A credential is masked as it is, and not where it is encoded.",
        parts=masking(_plain_alone),
    ),
    mutant(
        "whole-texts-masked-alone",
        "MILE-06",
        "A credential is masked where it is a text by itself, and not within one.",
        parts=masking(_whole_alone),
    ),
    mutant(
        "errors-are-not-masked",
        "MILE-06",
        "Results are masked, and errors are not.",
        parts=masking(_but(lambda value: bool(value.get("isError")))),
    ),
    mutant(
        "structured-content-is-not-masked",
        "MILE-06",
        "The texts of a result are masked, and its structured content is not.",
        parts=masking(_content_alone),
    ),
    mutant(
        "providers-keys-masked-alone",
        "MILE-06",
        "Providers' keys are masked, and custom secrets are not.",
        parts=masking(lambda mask: lambda value, known: mask(value, known[:4])),
    ),
)
