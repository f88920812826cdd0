"""The servers, as data: each tool belongs to one of them, and a tool of none is nobody's."""

from __future__ import annotations

from reference_server.core.vocabulary import Permission, Tier
from reference_server.permissions.contracts import EVERYBODY, OF_A_TENANT, ToolServer

PUBLIC = ToolServer("public", frozenset({"ping"}), EVERYBODY)
"""What anonymous callers reach, and all others, too."""

REPORTS = ToolServer(
    "reports",
    frozenset({"get_account_health", "list_metrics", "get_metric", "count_metrics"}),
    OF_A_TENANT,
)

CHANGES = ToolServer(
    "changes",
    frozenset({"refresh_metric", "forget_metrics"}),
    frozenset({Tier.ADMIN, Tier.USER, Tier.SERVICE}),
    consent=Permission.WRITE,
)

PAGES = ToolServer(
    "pages",
    frozenset({"check_landing_page"}),
    frozenset({Tier.ADMIN, Tier.USER, Tier.A2A}),
)

MAIL = ToolServer(
    "mail",
    frozenset({"send_email"}),
    frozenset({Tier.ADMIN, Tier.USER}),
    consent=Permission.WRITE,
)

DIAGNOSTICS = ToolServer(
    "diagnostics", frozenset({"raise_error"}), frozenset({Tier.ADMIN, Tier.USER})
)

CREDENTIALS = ToolServer(
    "credentials",
    frozenset({"store_credential", "delete_credential"}),
    frozenset({Tier.ADMIN, Tier.USER}),
    consent=Permission.WRITE,
)

ADMINISTRATION = ToolServer(
    "administration",
    frozenset({"list_api_keys"}),
    frozenset({Tier.ADMIN}),
    permission=Tier.ADMIN,
)

SERVERS = (PUBLIC, REPORTS, CHANGES, PAGES, MAIL, DIAGNOSTICS, CREDENTIALS, ADMINISTRATION)
