"""Keys on a real database: found, used, rotated."""

from __future__ import annotations

import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.principal import Principal
from reference_server.core.settings import Limits
from reference_server.keys.directory import HmacKeyHasher, SqlKeyDirectory, generate_key
from reference_server.keys.revocation import SqlKeyRevocation
from reference_server.keys.rotation import SqlKeyRotation
from reference_server.keys.use import BackgroundKeyUse
from reference_server.tests.fakes import START, FakeClock
from reference_server.tests.rows import DAY, NOW, add_key, add_tenant
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

HASHER = HmacKeyHasher(b"a secret of this test")


def test_a_key_is_256_random_bits() -> None:
    assert len({generate_key() for _ in range(100)}) == 100
    assert len(generate_key()) == 43


def test_the_digest_is_hmac_sha256_in_hex() -> None:
    wanted = hmac.new(b"a secret of this test", b"a key", hashlib.sha256).hexdigest()
    assert HASHER.digest("a key") == wanted


def test_any_text_has_a_digest() -> None:
    assert len(HASHER.digest("\udcff\x00é")) == 64


def test_only_an_active_key_is_found(owner_engine: Engine, app_engine: Engine) -> None:
    tenant = add_tenant(owner_engine)
    active = add_key(owner_engine, tenant, "active", NOW + DAY)
    add_key(owner_engine, tenant, "revoked", NOW + DAY, revoked=NOW - DAY)
    add_key(owner_engine, tenant, "expired", NOW)
    directory = SqlKeyDirectory(app_engine)
    assert directory.find("active", NOW) == Principal(tenant, active)
    for digest in ("revoked", "expired", "unknown"):
        assert directory.find(digest, NOW) is None
    assert directory.find("active", NOW + DAY) is None  # expires at, not after


def test_a_directory_without_a_database_is_a_storage_failure() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/absent")
    with pytest.raises(StorageUnavailableError):
        SqlKeyDirectory(engine).find("digest", NOW)


def _last_used(auditor: psycopg.Connection, key: UUID) -> Any:
    row = auditor.execute("SELECT last_used_at FROM api_keys WHERE id = %s", (key,)).fetchone()
    assert row is not None
    return row[0]


def test_the_last_use_is_stored_in_the_background(
    owner_engine: Engine, app_engine: Engine, auditor: psycopg.Connection
) -> None:
    key = add_key(owner_engine, add_tenant(owner_engine), "digest", NOW + DAY)
    with closing(BackgroundKeyUse(app_engine)) as use:
        use.record(key, NOW)
        assert becomes_true(lambda: _last_used(auditor, key) == NOW)
        use.record(key, NOW + DAY)
    assert _last_used(auditor, key) == NOW + DAY  # closing stores what is left


def test_a_locked_row_holds_up_no_other_and_is_stored_later(
    owner_engine: Engine, app_engine: Engine, auditor: psycopg.Connection
) -> None:
    tenant = add_tenant(owner_engine)
    held, free = (add_key(owner_engine, tenant, name, NOW + DAY) for name in ("held", "free"))
    with closing(BackgroundKeyUse(app_engine)) as use:
        with owner_engine.begin() as holder:
            holder.execute(text("SELECT FROM api_keys WHERE id = :id FOR UPDATE"), {"id": held})
            use.record(held, NOW)
            use.record(free, NOW)
            assert becomes_true(lambda: _last_used(auditor, free) == NOW)
            assert _last_used(auditor, held) is None
        assert becomes_true(lambda: _last_used(auditor, held) == NOW)


def test_uses_outlive_a_failure_of_the_database(
    owner_engine: Engine,
    app_engine: Engine,
    database: DemoDatabase,
    auditor: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key = add_key(owner_engine, add_tenant(owner_engine), "digest", NOW + DAY)
    database.run_as_superuser(["REVOKE EXECUTE ON FUNCTION note_key_use FROM mcp_app"])
    with closing(BackgroundKeyUse(app_engine)) as use:
        use.record(key, NOW)
        use.record(uuid4(), NOW)  # a key that is gone by now is dropped, not retried for ever
        assert becomes_true(lambda: "waits" in caplog.text)
        database.run_as_superuser(["GRANT EXECUTE ON FUNCTION note_key_use TO mcp_app"])
        assert becomes_true(lambda: _last_used(auditor, key) == NOW)


def _rotation(engine: Engine, clock: FakeClock) -> SqlKeyRotation:
    return SqlKeyRotation(engine, HASHER, clock, Limits())


def test_a_rotation_puts_only_active_keys_into_grace(
    owner_engine: Engine, app_engine: Engine, auditor: psycopg.Connection
) -> None:
    """An expired key must not revive, a short one not live longer, another tenant's not change."""
    ours, theirs = add_tenant(owner_engine), add_tenant(owner_engine)
    before = {
        "active": START + 100 * DAY,
        "short": START + timedelta(hours=1),
        "expired": START - DAY,
        "revoked": START + 50 * DAY,
        "foreign": START + 100 * DAY,
    }
    for name, expires in before.items():
        owner = theirs if name == "foreign" else ours
        revoked = START - DAY if name == "revoked" else None
        add_key(owner_engine, owner, name, expires, revoked)
    rotation = _rotation(app_engine, FakeClock()).rotate(ours, "the new one")
    assert rotation is not None
    assert rotation.grace_until == START + DAY
    after = dict(auditor.execute("SELECT key_hash, expires_at FROM api_keys").fetchall())
    new = HASHER.digest(rotation.api_key)
    assert after == {**before, "active": START + DAY, new: START + 365 * DAY}


def test_an_unknown_tenant_has_nothing_to_rotate(app_engine: Engine) -> None:
    assert _rotation(app_engine, FakeClock()).rotate(uuid4(), "x") is None


def test_rotations_at_once_leave_one_key_out_of_grace(
    owner_engine: Engine, app_engine: Engine, auditor: psycopg.Connection
) -> None:
    tenant = add_tenant(owner_engine)
    rotation = _rotation(app_engine, FakeClock())
    with ThreadPoolExecutor(6) as executor:
        list(executor.map(rotation.rotate, [tenant] * 12, ["nul\x00"] * 12))
    query = "SELECT count(*) FROM api_keys WHERE expires_at > %s"
    assert auditor.execute(query, (START + DAY,)).fetchone() == (1,)


def test_a_revoked_key_is_found_no_more_and_is_revoked_once(
    owner_engine: Engine, app_engine: Engine
) -> None:
    tenant, clock = add_tenant(owner_engine), FakeClock()
    key = add_key(owner_engine, tenant, "ours", START + DAY)
    directory, revocation = SqlKeyDirectory(app_engine), SqlKeyRevocation(app_engine, clock)
    assert directory.find("ours", clock.now()) is not None
    assert revocation.revoke(tenant, key) == START
    assert directory.find("ours", clock.now()) is None
    clock.advance(60)
    assert revocation.revoke(tenant, key) == START


def test_nobody_revokes_another_tenants_key(owner_engine: Engine, app_engine: Engine) -> None:
    ours, theirs = add_tenant(owner_engine), add_tenant(owner_engine)
    key = add_key(owner_engine, theirs, "theirs", START + DAY)
    revocation = SqlKeyRevocation(app_engine, FakeClock())
    assert revocation.revoke(ours, key) is None
    assert revocation.revoke(theirs, uuid4()) is None
    assert SqlKeyDirectory(app_engine).find("theirs", START) is not None


def test_a_rotation_tells_the_id_of_its_key(owner_engine: Engine, app_engine: Engine) -> None:
    tenant, clock = add_tenant(owner_engine), FakeClock()
    rotation = _rotation(app_engine, clock).rotate(tenant, "new")
    assert rotation is not None
    SqlKeyRevocation(app_engine, clock).revoke(tenant, rotation.key_id)
    digest = HASHER.digest(rotation.api_key)
    assert SqlKeyDirectory(app_engine).find(digest, clock.now()) is None


def test_a_rotation_without_a_database_is_a_storage_failure() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/absent")
    with pytest.raises(StorageUnavailableError):
        _rotation(engine, FakeClock()).rotate(uuid4(), "x")
