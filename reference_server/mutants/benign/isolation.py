"""Other ways to keep tenants and callers apart, each as good as the first."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import with_tool
from reference_server.mutants.benign.edge import benign, rewritten
from reference_server.mutants.rls.crossed import filed
from reference_server.mutants.rls.objects import ANY_TEXT, numbered
from reference_server.mutants.rls.pools import reset_always
from reference_server.tools.get_metric import GetMetric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.settings import Settings
    from reference_server.mutants.benign.edge import Reply
    from reference_server.tools.contracts import Caller

_BARE = "tenant_id = current_setting('app.current_tenant_id')::uuid"
_NOT_THERE = frozenset({"PUT", "PATCH"})


def _without_methods(reply: Reply) -> Reply:
    if reply.scope["method"] not in _NOT_THERE:
        return reply
    return replace(reply, status=HTTPStatus.METHOD_NOT_ALLOWED).with_field(b"allow", b"GET, POST")


def _without_cookies(reply: Reply) -> Reply:
    if b"api_key=" not in reply.asked(b"cookie"):
        return reply
    return replace(reply, status=HTTPStatus.FORBIDDEN, body=b'{"error":"forbidden"}')


def _trimmed(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    return GetMetric().run({"metricId": arguments["metricId"].strip()}, caller)


def _of_three_connections(settings: Settings) -> Settings:
    """Have requests meet on connections; the settings bent, further processes are judged, too."""
    return replace(settings, pool_size=3)


VARIANTS = (
    benign(
        "numbers-of-few-digits",
        "Metrics have whole numbers for ids, of which large ones are refused in other words.",
        parts=numbered(largest=99_999),
    ),
    benign(
        "methods-that-are-not-there",
        "An edge refuses methods that no route has with 405, whoever asks.",
        parts=rewritten(_without_methods),
    ),
    benign(
        "cookies-with-keys-forbidden",
        "An edge forbids requests that carry a key in a cookie.",
        parts=rewritten(_without_cookies),
    ),
    benign(
        "numbers-for-ids",
        "Metrics have whole numbers for ids; an error repeats them beside a UUID of its own.",
        parts=numbered(),
    ),
    benign(
        "blanks-around-ids-trimmed",
        "Blanks around a metric's id are trimmed, as a form's field often is.",
        parts=with_tool("get_metric", _trimmed, ANY_TEXT),
    ),
    benign(
        "answers-filed-by-caller-and-id",
        "Answers wait under the caller's key and the JSON-RPC id, which together are one call's.",
        parts=filed(keeps_first=True, told_apart=True),
    ),
    benign(
        "sessions-reset-at-check-in",
        "The tenant is set for the session, and taken off before the connection goes back.",
        parts=reset_always("RESET ALL"),
        settings=_of_three_connections,
    ),
    benign(
        "policy-raises-without-tenant",
        "The policy casts the bare setting, which is an error where no tenant is set.",
        sql=(
            "DROP POLICY tenant_isolation ON metric_cache",
            f"CREATE POLICY tenant_isolation ON metric_cache USING ({_BARE}) WITH CHECK ({_BARE})",
        ),
    ),
)
