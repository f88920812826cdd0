"""Defects by which a caller is whatever it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from flask import jsonify, request

from reference_server.core.vocabulary import Tier
from reference_server.mutants.bending import before, header, mutant, with_stage
from reference_server.mutants.perm.elevating import elevated_where, of_tier, params_of
from reference_server.protocol.desk import context_of

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call

_NAMES = ("tier", "role", "user_type")


def _says(found: Any) -> bool:
    table = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return any(table.get(name) == Tier.ADMIN.value for name in _NAMES)


def _in_arguments(call: Call) -> bool:
    return _says(params_of(call).get("arguments"))


def _in_meta(call: Call) -> bool:
    return _says(params_of(call).get("_meta"))


def _in_parameters(call: Call) -> bool:
    return _says(params_of(call))


def _in_a_header(call: Call) -> bool:
    return header(context_of(call), "x-role") == Tier.ADMIN.value


def _in_a_cookie(call: Call) -> bool:
    return "role=admin" in (header(context_of(call), "cookie") or "")


def _in_the_query(call: Call) -> bool:
    assert call.request is not None  # noqa: S101 -- Streamable HTTP attaches it to every message
    return call.request.query_params.get("role") == Tier.ADMIN.value


def _tier_of_the_body(context: RequestContext, parts: Parts) -> Response | None:
    """Begin a session of the tier that is asked for."""
    is_start = context.path == "/auth/session" and context.method == "POST"
    if not is_start or context.principal is None or not _says(request.get_json(silent=True)):
        return None
    holder = of_tier(context.principal, Tier.ADMIN)
    issued = parts.tokens.issuer.issue(replace(holder, rate_tier=Tier.USER))
    return None if issued is None else jsonify(token=issued.token, expiresIn=issued.seconds)


MUTANTS = (
    mutant(
        "tier-from-arguments",
        "PERM-05",
        "Whoever names a role in a call's arguments has it.",
        parts=elevated_where(_in_arguments),
    ),
    mutant(
        "tier-from-meta",
        "PERM-05",
        "Whoever names a role in `_meta` has it.",
        parts=elevated_where(_in_meta),
    ),
    mutant(
        "tier-from-parameters",
        "PERM-05",
        "Whoever names a role beside a message's parameters has it.",
        parts=elevated_where(_in_parameters),
    ),
    mutant(
        "tier-from-a-header",
        "PERM-05",
        "Whoever sends X-Role has it.",
        parts=elevated_where(_in_a_header),
    ),
    mutant(
        "tier-from-a-cookie",
        "PERM-05",
        "Whoever sends a cookie called role has it.",
        parts=elevated_where(_in_a_cookie),
    ),
    mutant(
        "tier-from-the-query",
        "PERM-05",
        "Whoever names a role in the query has it.",
        parts=elevated_where(_in_the_query),
    ),
    mutant(
        "session-of-the-tier-asked-for",
        "PERM-05-b",
        "A session is begun in the tier that the request's body names.",
        parts=with_stage("open_audit_entry", before(_tier_of_the_body)),
    ),
)
