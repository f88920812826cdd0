"""Defects of the block where a credential is no key but a session's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.mutants.bending import mutant, with_stage
from reference_server.mutants.block.blocking import Never
from reference_server.parts import with_parts
from reference_server.sessions.contracts import Found

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts


def _tokens_uncounted(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        if isinstance(context.extracted, Found):
            parts = with_parts(parts, {"limits.block": Never(parts)})
        return stage(context, parts)

    return bent


def _keys_alone(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        found = parts.tokens.extractor.extract(context.headers, is_mcp=context.is_mcp)
        if isinstance(found, Found) and parts.tokens.validator.validate(found.token) is not None:
            return None
        return stage(context, parts)

    return bent


MUTANTS = (
    mutant(
        "tokens-fail-uncounted",
        "BLOCK-01",
        "Failures with a token or a proxy's word block no address.",
        parts=with_stage("authenticate", _tokens_uncounted),
    ),
    mutant(
        "token-past-the-block",
        "BLOCK-02",
        "A valid token from a blocked address is let in.",
        parts=with_stage("block_address", _keys_alone),
    ),
)
