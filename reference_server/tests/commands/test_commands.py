"""The command line: one sentence and a documented exit code for everything that can be wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reference_server import __main__ as commands
from reference_server.commands.command_line import port
from reference_server.core.vocabulary import Role, SecretName
from reference_server.db.engine import check_ready
from reference_server.demo.state import write_state
from reference_server.keys.directory import HmacKeyHasher
from reference_server.mutants import __main__ as mutant_commands
from reference_server.mutants.bench import registry
from reference_server.mutants.model import Mutant
from reference_server.tests.rows import CHAIN_KEY
from reference_server.variant import HEALTHY

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from reference_server.demo.database import DemoDatabase

SECRET = b"kJ8xVn2Qw0Zr5TtYh7Lb3Mc9Pd1Sf6Ge"


@pytest.fixture
def secrets_dir(tmp_path: Path, database: DemoDatabase) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in SecretName:
        (folder / name).write_bytes(SECRET)
    (folder / SecretName.DB_PASSWORD).write_text(database.passwords[Role.APP])
    (folder / SecretName.AUDIT_CHAIN_KEY).write_bytes(CHAIN_KEY)
    (folder / "DB_AUDITOR_PASSWORD").write_text(database.passwords[Role.AUDITOR])
    (folder / "DB_ADMIN_PASSWORD").write_text(database.passwords[Role.ADMIN])
    return folder


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    words = capsys.readouterr().err
    assert words.count("\n") == 1, "one sentence"
    assert "Traceback" not in words
    return words


def test_migrate_makes_an_empty_database_ready(database: DemoDatabase, secrets_dir: Path) -> None:
    tables = (
        "alembic_version, tenants, api_keys, platform_credentials, oauth_states, metric_cache, "
        "audit_log, audit_head, audit_set_aside, sync_log, session_ends, oauth_clients, "
        "oauth_grants, oauth_refresh_tokens, memberships, users, credentials, vault_secrets, "
        "mail_messages, mail_endings"
    )
    database.run_as_superuser([f"DROP TABLE {tables}"])
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.ADMIN)]
    words = ["migrate", "--no-dump", *options]
    assert commands.main(words) == 0
    engine = database.engine(Role.APP)
    check_ready(engine)
    engine.dispose()


def test_seed_tenant_prints_a_key_that_works_and_is_audited(
    database: DemoDatabase,
    secrets_dir: Path,
    auditor: psycopg.Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.ADMIN)]
    assert commands.main(["seed-tenant", *options, "Acme"]) == 0
    printed = json.loads(capsys.readouterr().out)
    row = auditor.execute("SELECT tenant_id::text, key_hash FROM api_keys").fetchone()
    assert row == (printed["tenantId"], HmacKeyHasher(SECRET).digest(printed["apiKey"]))
    events = auditor.execute("SELECT event_type FROM audit_log ORDER BY id").fetchall()
    assert events == [("tenant.created",), ("api_key.created",)]


def test_verify_audit_tells_a_whole_trail_from_a_broken_one(
    database: DemoDatabase, secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, role: Role, *more: str) -> tuple[int, str]:
        options = ["--secrets", str(secrets_dir), "--database", database.url(role)]
        return commands.main([command, *options, *more]), capsys.readouterr().out

    run("seed-tenant", Role.ADMIN, "Acme")
    code, printed = run("verify-audit", Role.AUDITOR)
    assert (code, printed[:21]) == (0, "intact: 2 rows, head ")
    head = printed.split()[-1]
    assert run("verify-audit", Role.AUDITOR, "--expect", head)[0] == 0
    bare = "ALTER TABLE audit_log DISABLE TRIGGER USER; DELETE FROM audit_log WHERE id = 2"
    database.run_as_superuser([bare])
    code, printed = run("verify-audit", Role.AUDITOR)
    assert (code, printed) == (1, "broken: row 2 is missing: the trail ended with row 2\n")
    assert run("verify-audit", Role.AUDITOR, "--expect", "nonsense")[0] == 2


def test_touched_tells_page_by_page_what_an_identity_did(
    database: DemoDatabase, secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, role: Role, *more: str) -> tuple[int, list[Any]]:
        options = ["--secrets", str(secrets_dir), "--database", database.url(role)]
        code = commands.main([command, *options, *more])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    (tenant,) = run("seed-tenant", Role.ADMIN, "Acme")[1]
    asked = ("tenant", tenant["tenantId"], "--rows", "1")
    code, (newest, more) = run("touched", Role.AUDITOR, *asked)
    assert (code, newest["event"], newest["tenant"]) == (0, "api_key.created", tenant["tenantId"])
    code, (oldest,) = run("touched", Role.AUDITOR, *asked, "--before", more["more"]["before"])
    assert (code, oldest["event"], oldest["id"]) == (0, "tenant.created", 1)
    assert run("touched", Role.AUDITOR, "session", "nobody's") == (0, [])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["key", "x"], "is no UUID"),
        (["subject", "ada"], "--tenant"),
        (["session", "x", "--before", "yesterday"], "--before"),
        (["session", "x", "--rows", "0"], "--rows"),
    ],
)
def test_what_cannot_be_asked_is_named_with_its_remedy(
    words: list[str],
    told: str,
    database: DemoDatabase,
    secrets_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.AUDITOR)]
    assert commands.main(["touched", *options, *words]) == 2
    assert told in _told(capsys)


def test_repair_audit_puts_a_broken_trail_right_and_says_so(
    database: DemoDatabase, secrets_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: str, role: Role) -> tuple[int, str]:
        where = ["--secrets", str(secrets_dir), "--database", database.url(role)]
        anchors = tmp_path / "anchors"
        more = ["--anchors", str(anchors)] if anchors.exists() else []
        return commands.main([command, *where, *more]), capsys.readouterr().out

    forged = "INSERT INTO audit_log (id, event_type, outcome, digest) VALUES (1, 'x', 'x', '\\x00')"
    database.run_as_superuser([forged])
    (tmp_path / "anchors").touch()
    assert run("verify-audit", Role.AUDITOR)[0] == 1
    code, printed = run("repair-audit", Role.ADMIN)
    assert (code, printed.splitlines()[0]) == (
        0,
        "repaired: row 1 was changed, added or moved: it is no link of the chain",
    )
    code, printed = run("verify-audit", Role.AUDITOR)
    told, whole = printed.splitlines()
    assert (code, whole[:21]) == (0, "intact: 1 rows, head ")
    assert told.startswith("row 1 tells of a repair of ")
    assert (tmp_path / "anchors").read_text().count("\n") == 1
    assert run("repair-audit", Role.ADMIN) == (0, "nothing is broken: nothing was changed\n")


@pytest.mark.parametrize(
    "command",
    [
        ["migrate", "--no-dump"],
        ["seed-tenant", "x"],
        ["verify-audit"],
        ["repair-audit"],
        ["touched", "session", "x"],
    ],
)
def test_an_operation_without_a_database_is_exit_code_3(
    command: list[str], secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", "postgresql://mcp_admin@127.0.0.1:1/x"]
    assert commands.main([*command, *options]) == 3
    assert "The database refused" in _told(capsys)


def test_an_operation_without_the_owners_password_is_exit_code_2(
    secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (secrets_dir / "DB_ADMIN_PASSWORD").unlink()
    options = ["--secrets", str(secrets_dir), "--database", "postgresql://mcp_admin@127.0.0.1:1/x"]
    assert commands.main(["migrate", "--no-dump", *options]) == 2
    assert "DB_ADMIN_PASSWORD is missing" in _told(capsys)


def test_serve_without_a_secret_is_exit_code_2(
    database: DemoDatabase, secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (secrets_dir / SecretName.ADMIN_TOKEN).unlink()
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.APP), "--port", "0"]
    assert commands.main(["serve", *options]) == 2
    assert "ADMIN_TOKEN is missing" in _told(capsys)


def test_serve_tells_an_operator_of_the_switch_for_tests(
    secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before all else, whatever comes of it; and nobody is told who has left it out."""
    (secrets_dir / SecretName.ADMIN_TOKEN).unlink()
    options = ["--secrets", str(secrets_dir), "--database", "postgresql://mcp_app@127.0.0.1:1/x"]
    assert commands.main(["serve", *options]) == 2
    assert "TESTING" not in capsys.readouterr().err
    options += ["--testing=true", "--session-mode=disabled"]
    assert commands.main(["serve", *options]) == 2
    assert "*** TESTING: started with --testing, session_mode disabled" in capsys.readouterr().err


def test_serve_with_a_wrong_password_is_exit_code_3_and_shows_none(
    database: DemoDatabase, secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (secrets_dir / SecretName.DB_PASSWORD).write_text("hunter2hunter2")
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.APP), "--port", "0"]
    assert commands.main(["serve", *options]) == 3
    words = _told(capsys)
    assert "secret" in words
    assert "hunter2" not in words


def test_serve_cannot_log_into_a_directory(
    database: DemoDatabase, secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.APP), "--port", "0"]
    assert commands.main(["serve", *options, "--log-file", str(secrets_dir)]) == 2
    assert "log file" in _told(capsys)


def test_several_workers_without_redis_are_refused(
    secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", "postgresql://x@127.0.0.1:1/x"]
    assert commands.main(["serve", *options, "--workers", "2"]) == 2
    assert "--redis" in _told(capsys)


def test_a_redis_that_does_not_answer_is_refused_before_a_port_is_opened(
    database: DemoDatabase, secrets_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--secrets", str(secrets_dir), "--database", database.url(Role.APP), "--port", "0"]
    for workers in "12":
        more = ["--workers", workers, "--redis", "redis://127.0.0.1:1/0"]
        assert commands.main(["serve", *options, *more]) == 2
        assert "Redis cannot be used" in _told(capsys)


@pytest.mark.parametrize("name", ["absent/state.json", "."])
def test_a_state_file_that_cannot_be_written_starts_nothing(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["demo", "--state", str(tmp_path / name)]) == 2
    assert "state file" in _told(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_is_no_json_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_state(tmp_path / "state.json", {"object": object()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [[], ["dance"], ["demo"], ["demo", "--state", "x", "--port", "65536"], ["migrate"]],
)
def test_wrong_usage_is_exit_code_2(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HALLMARK_SECRETS", raising=False)
    with pytest.raises(SystemExit) as ended:
        commands.main(words)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["-1", "65536", "http"])
def test_a_port_is_a_number_that_tcp_knows(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        port(text)


def test_the_mutants_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutant_commands.main(["--list"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == list(registry.all_mutants())
    assert all(entry["fails"] and entry["summary"] for entry in listed)


@pytest.mark.parametrize(
    "more", [["--state", "x"], ["--serve", "--secrets", "s", "--database", "d"]]
)
def test_an_unknown_mutant_is_exit_code_2(
    more: list[str],
    secrets_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = [str(secrets_dir) if word == "s" else word for word in more]
    assert mutant_commands.main(["no-such", *more]) == 2
    assert "There is no mutant 'no-such'" in _told(capsys)


def test_a_mutant_that_serves_reads_its_secrets_first(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["no-such", "--serve", "--secrets", "s", "--database", "d"]
    assert mutant_commands.main(words) == 2
    assert "The secrets directory s does not exist" in _told(capsys)


def test_two_mutants_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Mutant(id="twin", fails=frozenset({"RLS-02"}), summary="x")
    monkeypatch.setattr("reference_server.mutants.rls.policies.MUTANTS", (twin, twin))
    registry.listed.cache_clear()  # what an earlier test has read
    with pytest.raises(ValueError, match="twin"):
        registry.all_mutants()


def test_a_mutant_is_served_under_its_own_name() -> None:
    for mutant in registry.all_mutants().values():
        assert mutant.serve_words == ("reference_server.mutants", mutant.id, "--serve")
    assert HEALTHY.serve_words == ("reference_server", "serve")
