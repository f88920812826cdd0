"""The official clients work through every way by which a session token, or a word for it, comes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import anyio
import pytest

from reference_server.core.clock import SystemClock
from reference_server.core.settings import PROXY_AUTH_HEADER
from reference_server.core.vocabulary import Tier
from reference_server.sessions.proxy import Bound, Identity, sign
from reference_server.tests.interop.key_proxy import adding
from reference_server.tests.interop.test_official_clients import (
    PYTHON,
    TYPESCRIPT,
    check,
    converse_python,
    converse_typescript,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Tenant = dict[str, Any]

STRANGERS = "another secret of thirty-two characters"


def bearer(_: dict[str, Any], token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


def cookie(state: dict[str, Any], token: str) -> tuple[str, str]:
    return "Cookie", f"theme=dark; {state['signing']['cookie']}={token}"


WAYS = {"bearer": bearer, "cookie": cookie}


def spoilt(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[::-1]}"


def word(secret: str, tenant: Tenant) -> Callable[[str, str], str]:
    """Return what signs a word for a tenant's user, for one request at a time."""
    identity = Identity(UUID(tenant["id"]), "somebody", Tier.USER, ())

    def signed(method: str, path: str) -> str:
        return sign(secret.encode(), identity, Bound(method, path), SystemClock().now())

    return signed


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "revision"), TYPESCRIPT)
def test_the_typescript_clients_complete_with_a_token(
    node: str, state: dict[str, Any], kind: str, revision: str, way: str
) -> None:
    tenant = state["tenants"]["b"]
    field = WAYS[way](state, tenant["session"])
    check(converse_typescript(node, kind, state["url"], *field), revision, tenant)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("mode", "revision"), PYTHON)
def test_the_python_client_completes_with_a_token(
    state: dict[str, Any], mode: str, revision: str, way: str
) -> None:
    tenant = state["tenants"]["b"]
    headers = dict([WAYS[way](state, tenant["session"])])
    check(anyio.run(converse_python, mode, state["url"], headers), revision, tenant)


@pytest.mark.parametrize("way", WAYS)
def test_a_spoilt_token_is_refused_by_either_way(
    node: str, state: dict[str, Any], way: str
) -> None:
    """Nothing but a 401 counts: an absent server must not look like a refusal."""
    name, value = WAYS[way](state, spoilt(state["tenants"]["b"]["session"]))
    found = converse_typescript(node, TYPESCRIPT[0][0], state["url"], name, value)
    assert set(found["statuses"]) == {401}
    statuses: list[int] = []
    with pytest.raises(BaseExceptionGroup):
        anyio.run(converse_python, PYTHON[0][0], state["url"], {name: value}, statuses)
    assert set(statuses) == {401}


@pytest.mark.parametrize(("kind", "revision"), TYPESCRIPT)
def test_the_typescript_clients_complete_behind_a_proxy_that_signs(
    node: str, state: dict[str, Any], kind: str, revision: str
) -> None:
    """The client sends no credential at all: each request gets a word of its own."""
    tenant = state["tenants"]["a"]
    served = urlsplit(str(state["url"]))
    with adding(PROXY_AUTH_HEADER, word(state["proxy"]["secret"], tenant), served.port or 0) as own:
        found = converse_typescript(node, kind, f"http://127.0.0.1:{own}{served.path}")
    check(found, revision, tenant)


@pytest.mark.parametrize(("mode", "revision"), PYTHON)
def test_the_python_client_completes_behind_a_proxy_that_signs(
    state: dict[str, Any], mode: str, revision: str
) -> None:
    tenant = state["tenants"]["a"]
    served = urlsplit(str(state["url"]))
    with adding(PROXY_AUTH_HEADER, word(state["proxy"]["secret"], tenant), served.port or 0) as own:
        talk = partial(converse_python, mode, f"http://127.0.0.1:{own}{served.path}", {})
        check(anyio.run(talk), revision, tenant)


def test_a_proxy_with_another_secret_is_not_believed(node: str, state: dict[str, Any]) -> None:
    served = urlsplit(str(state["url"]))
    signing = word(STRANGERS, state["tenants"]["a"])
    with adding(PROXY_AUTH_HEADER, signing, served.port or 0) as own:
        found = converse_typescript(node, "v1", f"http://127.0.0.1:{own}{served.path}")
    assert set(found["statuses"]) == {401}
