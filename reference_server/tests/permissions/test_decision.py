"""The one decision: each tier's list, what it takes besides, and what is refused by default."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference_server.core.clock import SystemClock
from reference_server.core.errors import ConfigurationError
from reference_server.core.principal import ANONYMOUS, Principal
from reference_server.core.vocabulary import Tier
from reference_server.outbound.fetching import Fetcher
from reference_server.permissions.contracts import EVERYBODY, Decision, ToolServer
from reference_server.permissions.decision import TierPermissions
from reference_server.permissions.servers import SERVERS
from reference_server.tests.fakes import TENANT_A
from reference_server.tools.delete_credential import DeleteCredential
from reference_server.tools.store_credential import StoreCredential
from reference_server.wiring import mcp_parts

PERMISSIONS = TierPermissions(SERVERS)
TOOLS = [
    *(tool.name for tool in mcp_parts("1", bytes(32), 2, SystemClock(), Fetcher()).tools),
    *(StoreCredential.name, DeleteCredential.name),
    "send_email",  # where there is a domain to send from
]


def of_tier(tier: Tier, *scope: str) -> Principal:
    """Return somebody of a tier, whose scope names it unless another is given."""
    return Principal(TENANT_A, None, tier=tier, scope=frozenset(scope or {tier}))


def reached(principal: Principal) -> set[str]:
    """Return the tools that a caller reaches."""
    return {one for one in TOOLS if PERMISSIONS.for_tool(principal, one) is Decision.ALLOWED}


def test_each_tool_belongs_to_one_server() -> None:
    filed = sorted(tool for server in SERVERS for tool in server.tools)
    assert filed == sorted(TOOLS)


def test_each_tier_has_a_list_of_its_own() -> None:
    lists = {tier: frozenset(reached(of_tier(tier))) for tier in Tier}
    assert len(set(lists.values())) == len(Tier)
    assert lists[Tier.ANONYMOUS] == {"ping"}
    assert lists[Tier.ADMIN] == set(TOOLS)
    assert lists[Tier.USER] == set(TOOLS) - {"list_api_keys"}
    assert all(lists[Tier.ANONYMOUS] <= found <= lists[Tier.ADMIN] for found in lists.values())


def test_a_tier_is_not_enough_where_a_permission_is_asked_for() -> None:
    for_user = of_tier(Tier.ADMIN, "user")
    assert PERMISSIONS.for_tool(for_user, "list_api_keys") is Decision.NO_PERMISSION
    assert PERMISSIONS.for_tool(for_user, "list_metrics") is Decision.ALLOWED


def test_neither_scope_nor_roles_nor_rate_tier_stand_for_a_tier() -> None:
    user = replace(
        of_tier(Tier.USER, "user", "admin"), roles=frozenset({"admin"}), rate_tier=Tier.ADMIN
    )
    assert PERMISSIONS.for_tool(user, "list_api_keys") is Decision.OTHER_TIER


def test_a_tool_of_no_server_is_nobodys() -> None:
    decisions = {PERMISSIONS.for_tool(of_tier(tier), "forgotten") for tier in Tier}
    assert decisions == {Decision.OF_NO_SERVER}


def test_a_tool_of_two_servers_is_a_mistake() -> None:
    twice = ToolServer("other", frozenset({"ping"}), EVERYBODY)
    with pytest.raises(ConfigurationError, match=r"ping .* public and other"):
        TierPermissions((*SERVERS, twice))


def test_nobody_has_no_data() -> None:
    assert PERMISSIONS.for_data(ANONYMOUS) is Decision.OTHER_TIER
    tenants_own = {PERMISSIONS.for_data(of_tier(tier)) for tier in EVERYBODY - {Tier.ANONYMOUS}}
    assert tenants_own == {Decision.ALLOWED}
