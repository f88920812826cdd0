"""FastMCP's two ways to offer OAuth, each before an authorization server of our making."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.authorizing import Authorizing
from conformance.selftest.judging import judge
from conformance.selftest.starting import SERVERS, start_program
from conformance.selftest.targets import serving
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.interop

SECONDS = 60.0


class Upstream(Authorizing):
    """Is an issuer below its origin."""

    realm = "/realms/one"


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("kind", ["remote", "proxy"])
def test_fastmcp_tells_the_truth_of_its_authorization(tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(Upstream) as url:
        issuer = url.removesuffix("/mcp") + Upstream.realm
        program = str(SERVERS / "fast_oauth.py")
        server = subprocess.Popen([start_program().fastmcp()[0], program, kind, str(port), issuer])
        try:
            assert wait_for(lambda: answers(port), SECONDS)
            target = f"--target=http://127.0.0.1:{port}/mcp"
            found = judge(tmp_path, target, "--requirement=AUTH-16,OAUTH-01,OAUTH-17")
        finally:
            server.terminate()
            server.wait(10)
    assert found.verdicts == {"AUTH-16": "pass", "OAUTH-01": "pass", "OAUTH-17": "not assessed"}
