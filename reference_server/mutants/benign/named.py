"""Benign variants that hear which tenant a caller names beside its key, and do not act on it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import before, header, with_stage, with_tool
from reference_server.mutants.benign.edge import Reply, benign, rewritten
from reference_server.tools.get_metric import UUID_FORM
from reference_server.tools.list_metrics import ListMetrics
from reference_server.tools.ping import Ping
from reference_server.web.answers import error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

_NAMES = ("x-tenant-id", "x-org-id", "x-workspace-id")
_ANYTHING = {"type": "object"}


def _refuse_another(context: RequestContext, parts: Parts) -> Response | None:
    """Refuse a header that names another tenant than the key's."""
    del parts
    told = {header(context, name) for name in _NAMES} - {None}
    own = {str(context.principal.tenant_id)} if context.principal else told
    return error(HTTPStatus.FORBIDDEN, "forbidden") if told - own else None


def _say_back(reply: Reply) -> Reply:
    """Say in an answer's fields which tenants the request's fields named."""
    for name in _NAMES:
        if told := reply.asked(name.encode()):
            reply = reply.with_field(name.encode(), told)
    return reply


def _ids_in(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: told for name, told in arguments.items() if re.fullmatch(UUID_FORM, str(told))}


def _echoing(parts: Parts) -> Parts:
    """Repeat the ids that a caller names in fields, and in arguments that no tool asks for."""

    def ping(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        return {**Ping().run({}, caller), "disregarded": _ids_in(arguments)}

    def metrics(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        return {**ListMetrics().run({}, caller), "disregarded": _ids_in(arguments)}

    parts = with_tool("list_metrics", metrics, _ANYTHING)(parts)
    return rewritten(_say_back)(with_tool("ping", ping, _ANYTHING)(parts))


VARIANTS = (
    benign(
        "another-tenant-refused",
        "Whoever names another tenant than the key's in a header gets 403.",
        parts=with_stage("open_audit_entry", before(_refuse_another)),
    ),
    benign(
        "names-repeated",
        "Ids in fields and in arguments that nobody knows are repeated, and not acted on.",
        parts=_echoing,
    ),
)
