"""One PostgreSQL cluster a session, and a database of its own for each test that asks for one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from reference_server.core.vocabulary import Role
from reference_server.demo.database import DemoDatabase
from reference_server.demo.postgres import SUPERUSER, Cluster
from reference_server.tests.rows import CHAIN_KEY

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Engine

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster() -> Generator[Cluster]:
    """A running PostgreSQL."""
    with Cluster() as started:
        started.start()
        yield started


@pytest.fixture(scope="session")
def superuser(cluster: Cluster) -> Generator[psycopg.Connection]:
    """A connection that may create databases."""
    url = cluster.url(SUPERUSER, "postgres")
    with psycopg.connect(url, password=cluster.password, autocommit=True) as link:
        yield link


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> DemoDatabase:
    """A migrated database that nobody connects to: the others are copies of it."""
    made = DemoDatabase(cluster, name="template", chain_key=CHAIN_KEY)
    made.create()
    return made


@pytest.fixture(scope="session")
def untouched(superuser: psycopg.Connection, template: DemoDatabase) -> DemoDatabase:
    """A migrated, empty database for tests that change nothing in it."""
    return copy_database(superuser, template)


@pytest.fixture
def database(superuser: psycopg.Connection, template: DemoDatabase) -> DemoDatabase:
    """A migrated, empty database for one test."""
    return copy_database(superuser, template)


@pytest.fixture
def app_engine(database: DemoDatabase) -> Generator[Engine]:
    """Connections as the runtime role."""
    engine = database.engine(Role.APP, pool_size=8)
    yield engine
    engine.dispose()


@pytest.fixture
def owner_engine(database: DemoDatabase) -> Generator[Engine]:
    """Connections as the owner of the tables."""
    engine = database.engine(Role.ADMIN)
    yield engine
    engine.dispose()


@pytest.fixture
def auditor(database: DemoDatabase) -> Generator[psycopg.Connection]:
    """A connection that reads every row of every table."""
    with psycopg.connect(database.dsn(Role.AUDITOR), autocommit=True) as link:
        yield link


def copy_database(superuser: psycopg.Connection, template: DemoDatabase) -> DemoDatabase:
    """Return a copy of a database that nobody is connected to."""
    name = f"test_{next(_numbers)}"
    for statement in (
        "CREATE DATABASE {} TEMPLATE template OWNER mcp_admin",
        # A database's own rights are no part of what a template hands on.
        "REVOKE ALL ON DATABASE {} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {} TO mcp_app, mcp_auditor",
    ):
        superuser.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return replace(template, name=name)
