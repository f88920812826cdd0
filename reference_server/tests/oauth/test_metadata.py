"""What is told of the authorization server and its resource is well formed, and true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

from reference_server.tests.fakes import World
from reference_server.tests.oauth.browsing import ISSUER, RESOURCE, Line, told_in
from reference_server.tests.web.test_chain import client_of, visible

if TYPE_CHECKING:
    from typing import Any

RESOURCE_PATHS = (
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
)
SERVER_PATH = "/.well-known/oauth-authorization-server"


@pytest.mark.parametrize("path", RESOURCE_PATHS)
def test_the_resource_names_its_authorization_server(line: Line, path: str) -> None:
    found = ProtectedResourceMetadata.model_validate_json(line.client.get(path).data)
    assert (str(found.resource), [str(url) for url in found.authorization_servers]) == (
        RESOURCE,
        [ISSUER],
    )
    assert "offline_access" not in (found.scopes_supported or [])


def test_the_server_tells_what_it_does(line: Line) -> None:
    answer = line.client.get(SERVER_PATH)
    found = OAuthMetadata.model_validate_json(answer.data)
    assert str(found.issuer) == ISSUER
    assert found.code_challenge_methods_supported == ["S256"]
    assert found.authorization_response_iss_parameter_supported is True
    assert found.client_id_metadata_document_supported is True
    assert found.scopes_supported == ["mcp:read", "mcp:write"]
    told: dict[str, Any] = told_in(answer)
    for name, method in [
        ("authorization_endpoint", "GET"),
        ("token_endpoint", "POST"),
        ("registration_endpoint", "POST"),
        ("revocation_endpoint", "POST"),
    ]:
        path = told[name].removeprefix(ISSUER)
        refused = line.client.open(path, method=method)
        assert refused.status_code in {400, 401}
        assert b"unauthorized" not in refused.data, "the door is open, the request is empty"


def test_a_refusal_at_the_endpoint_tells_where_to_get_a_token(line: Line) -> None:
    bearer = f'resource_metadata="{ISSUER}{RESOURCE_PATHS[1]}", scope="mcp:read"'
    for fields, challenge in [
        ({}, f'ApiKey realm="mcp", Bearer realm="mcp", {bearer}'),
        ({"X-Api-Key": "x"}, f'ApiKey realm="mcp", Bearer realm="mcp", {bearer}'),
        (
            {"Authorization": "Bearer x"},
            f'ApiKey realm="mcp", Bearer realm="mcp", error="invalid_token", {bearer}',
        ),
        (
            {"Authorization": "Bearer x", "X-Api-Key": "x"},
            f'ApiKey realm="mcp", Bearer realm="mcp", {bearer}',
        ),
    ]:
        refused = line.client.post("/mcp", headers=fields)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, challenge)
    assert "resource_metadata" not in line.client.get("/x").headers["WWW-Authenticate"]


def test_without_a_public_url_there_is_none_of_it() -> None:
    client = client_of(World())
    refused = visible(client.get("/nowhere"))
    for path in (*RESOURCE_PATHS, SERVER_PATH, "/oauth/authorize"):
        assert visible(client.get(path)) == refused
    for path in ("/oauth/token", "/oauth/register", "/oauth/revoke"):
        assert visible(client.post(path)) == refused
