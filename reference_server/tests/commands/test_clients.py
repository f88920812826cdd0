"""OAuth clients that an operator registers, and removes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from reference_server import __main__ as commands
from reference_server.core.vocabulary import Role
from reference_server.tests.commands.test_commands import secrets_dir
from reference_server.tests.rows import add_grant, add_tenant

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    import pytest
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

__all__ = ["secrets_dir"]


def test_a_client_is_registered_and_removed_with_what_it_was_granted(
    database: DemoDatabase,
    secrets_dir: Path,
    owner_engine: Engine,
    auditor: psycopg.Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.ADMIN)]
    uri = ["--redirect-uri", "https://client.example/callback"]
    assert commands.main(["register-client", *options, *uri, "--secret", "basic", "A client"]) == 0
    told = json.loads(capsys.readouterr().out)
    row = auditor.execute("SELECT id, is_dynamic, secret_digest, ends_at FROM oauth_clients")
    digest = hashlib.sha256(told["clientSecret"].encode()).hexdigest()
    assert row.fetchone() == (told["clientId"], False, digest, None)
    add_grant(owner_engine, add_tenant(owner_engine), told["clientId"])
    assert commands.main(["remove-client", *options, told["clientId"]]) == 0
    assert "ended: 1" in capsys.readouterr().out
    assert auditor.execute("SELECT count(*) FROM session_ends").fetchone() == (1,)
    events = auditor.execute("SELECT event_type FROM audit_log ORDER BY id").fetchall()
    assert events == [("oauth.client_registered",), ("oauth.client_removed",)]
    for client in (told["clientId"], "nobody"):
        assert commands.main(["remove-client", *options, client]) == 2
        assert f"no client {client}" in capsys.readouterr().err
    bad = ["--redirect-uri", "http://client.example/callback"]
    assert commands.main(["register-client", *options, *bad, "A client"]) == 2
    assert "redirect_uris" in capsys.readouterr().err
