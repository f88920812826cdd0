"""What ends a session is known on every worker within a second, without a query on a request."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from reference_server.core.clock import SystemClock
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.principal import Principal
from reference_server.core.settings import Limits
from reference_server.keys.directory import HmacKeyHasher
from reference_server.keys.revocation import SqlKeyRevocation
from reference_server.keys.rotation import SqlKeyRotation
from reference_server.sessions import ends as module
from reference_server.sessions.ends import SqlSessionEnds
from reference_server.sessions.issue import SqlSessionIssuer
from reference_server.sessions.signing import SignedTokens
from reference_server.sessions.validation import AuthValidation, Rules
from reference_server.tests.fakes import SESSION_SECRET
from reference_server.tests.rows import add_tenant
from reference_server.tests.sessions.test_signing import RULES
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine

DAY = timedelta(days=1)
HASHER = HmacKeyHasher(b"the secret of these tests, 32 bytes.")


def _now() -> datetime:
    return SystemClock().now()


def _rotated(engine: Engine, tenant: UUID, limits: Limits | None = None) -> UUID:
    rotation = SqlKeyRotation(engine, HASHER, SystemClock(), limits or Limits())
    made = rotation.rotate(tenant, "one")
    assert made is not None
    return made.key_id


def _issuer(engine: Engine, rules: Rules = RULES) -> SqlSessionIssuer:
    return SqlSessionIssuer(engine, SignedTokens((SESSION_SECRET,)), SystemClock(), rules, 3600)


def test_another_worker_knows_within_a_second(app_engine: Engine) -> None:
    with closing(SqlSessionEnds(app_engine)) as here, closing(SqlSessionEnds(app_engine)) as there:
        assert not there.has_ended("token", _now())
        here.end("token")
        assert here.has_ended("token", _now())
        assert becomes_true(lambda: there.has_ended("token", _now()), 1.0)
        here.end("token")  # twice does no harm
    with closing(SqlSessionEnds(app_engine)) as later:
        assert later.has_ended("token", _now())


def test_a_revoked_key_ends_its_sessions(app_engine: Engine, owner_engine: Engine) -> None:
    tenant = add_tenant(owner_engine)
    key = _rotated(app_engine, tenant)
    with closing(SqlSessionEnds(app_engine)) as ends:
        rules = RULES
        validator = AuthValidation(SignedTokens((SESSION_SECRET,)), ends, SystemClock(), rules)
        issued = _issuer(app_engine).issue(Principal(tenant, key))
        assert issued is not None
        assert validator.validate(issued.token) is not None
        SqlKeyRevocation(app_engine, SystemClock()).revoke(tenant, key)
        assert becomes_true(lambda: validator.validate(issued.token) is None, 1.0)
    assert _issuer(app_engine).issue(Principal(tenant, key)) is None


def test_a_key_in_grace_ends_its_sessions_with_itself(
    app_engine: Engine, owner_engine: Engine
) -> None:
    tenant = add_tenant(owner_engine)
    key = str(_rotated(app_engine, tenant))
    with closing(SqlSessionEnds(app_engine)) as ends:
        _rotated(app_engine, tenant, Limits(rotation_grace=600))
        assert becomes_true(lambda: ends.has_ended(key, _now() + timedelta(seconds=600)), 1.0)
        assert not ends.has_ended(key, _now() + timedelta(seconds=500))


def test_a_session_ends_with_its_key_at_the_latest(
    app_engine: Engine, owner_engine: Engine
) -> None:
    tenant = add_tenant(owner_engine)
    short = _rotated(app_engine, tenant, Limits(key_lifetime=60))
    issued = _issuer(app_engine).issue(Principal(tenant, short))
    assert issued is not None
    assert issued.seconds in range(55, 61)
    assert _issuer(app_engine).issue(Principal(tenant, uuid4())) is None


def test_the_use_of_a_key_writes_nothing_here(app_engine: Engine, owner_engine: Engine) -> None:
    tenant = add_tenant(owner_engine)
    key = _rotated(app_engine, tenant)
    with app_engine.begin() as connection:
        noted = text("SELECT note_key_use(ARRAY[CAST(:id AS uuid)], ARRAY[now()])")
        assert connection.execute(noted, {"id": key}).scalars().all() == []
        assert connection.scalar(text("SELECT count(*) FROM session_ends")) == 0


def test_nobody_knows_what_has_ended_without_a_database() -> None:
    absent = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with closing(SqlSessionEnds(absent)) as ends:
        with pytest.raises(StorageUnavailableError):
            ends.has_ended("token", _now())
        with pytest.raises(StorageUnavailableError):
            ends.end("token")
    absent.dispose()


def test_what_was_last_read_too_long_ago_is_not_believed(
    app_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqlSessionEnds(app_engine, pause=60)) as ends:
        assert not ends.has_ended("token", _now())
        monkeypatch.setattr(module, "STALE_SECONDS", -1.0)
        with pytest.raises(StorageUnavailableError):
            ends.has_ended("token", _now())


def test_what_is_old_is_forgotten_and_no_sooner(app_engine: Engine) -> None:
    with app_engine.begin() as connection:
        for name, days in (("old", 9), ("young", 7)):
            values: dict[str, Any] = {"id": name, "noted": datetime.now(UTC) - days * DAY}  # noqa: TID251
            connection.execute(
                text("INSERT INTO session_ends VALUES (:id, 'epoch', :noted)"), values
            )
    with closing(SqlSessionEnds(app_engine)) as ends:
        assert not ends.has_ended("old", _now())
        assert ends.has_ended("young", _now())
    with app_engine.connect() as connection:
        names = list(connection.execute(text("SELECT id FROM session_ends")).scalars())
    assert names == ["young"]


def test_all_is_read_again_without_forgetting_what_ended_here(
    app_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WHOLE_SECONDS", 0.0)
    with closing(SqlSessionEnds(app_engine, pause=0.01)) as ends:
        for number in range(50):
            ends.end(f"token-{number}")
            assert ends.has_ended(f"token-{number}", _now())
        assert becomes_true(
            lambda: all(ends.has_ended(f"token-{n}", _now()) for n in range(50)), 1.0
        )
