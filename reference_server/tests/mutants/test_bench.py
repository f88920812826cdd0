"""The bench of the kill matrix: nothing that one mutant does reaches the next, or outlives it."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg
import pytest

from conformance.catalogue import areas, requirements
from reference_server.demo.database import DATABASE, DemoDatabase
from reference_server.mutants.bench.bench import Judgement
from reference_server.mutants.bench.cases import (
    ALSO_STARTING,
    BENIGN_TURNS,
    COSTLY,
    COSTLY_BENIGN_TURNS,
    FORMLESS,
    STARTING,
    TURNS,
    Case,
)
from reference_server.mutants.bench.kill import Kill, price
from reference_server.mutants.bench.program import Program, ProgramEndedError
from reference_server.mutants.bench.registry import all_benign, all_mutants, home_of
from reference_server.mutants.bench.stock import Stock
from reference_server.tests.waiting import becomes_true, has_ended

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


_SECONDS = 60.0
_HOST = "reference_server.mutants.bench.host"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stock]:
    with Stock(tmp_path_factory.mktemp("stock") / "none") as stock:
        yield stock


@pytest.fixture
def copy(stock: Stock) -> DemoDatabase:
    stock.prepare()
    return stock.copy(drill=True)


def test_a_copy_is_the_database_that_the_demo_creates(
    copy: DemoDatabase, stock: Stock, template: DemoDatabase
) -> None:
    # Roles are the cluster's: with other passwords they would be locked out of its other databases.
    created = DemoDatabase(template.cluster, DATABASE, template.passwords)
    created.create()
    try:
        assert _rights(copy) == _rights(created)
    finally:
        created.drop()
        assert stock.take_back()


def _rights(database: DemoDatabase) -> list[tuple[Any, ...]]:
    """Return who may do what with a database, its schemas, tables, routines and rows."""
    query = """
        SELECT datname, pg_get_userbyid(datdba), datacl::text, datconnlimit, datistemplate, ''
        FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT relname, pg_get_userbyid(relowner), relacl::text, 0, relrowsecurity,
            relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT nspname, pg_get_userbyid(nspowner), nspacl::text, 0, false, ''
        FROM pg_namespace WHERE nspname = 'public'
        UNION ALL SELECT polname, '', pg_get_expr(polqual, polrelid), 0, polpermissive,
            pg_get_expr(polwithcheck, polrelid) FROM pg_policy
        UNION ALL SELECT proname, pg_get_userbyid(proowner), proacl::text, 0, prosecdef, prosrc
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3, 6"""
    url = database.cluster.url("postgres", database.name)
    with psycopg.connect(url, password=database.cluster.password) as connection:
        return connection.execute(query).fetchall()


def test_what_a_server_does_in_its_database_goes_with_it(copy: DemoDatabase, stock: Stock) -> None:
    before = stock.postmaster
    copy.run_as_superuser(["CREATE TABLE kept (it int)", "GRANT ALL ON kept TO mcp_app"])
    assert stock.take_back()
    stock.prepare()
    assert stock.postmaster == before


@pytest.mark.parametrize(
    "bending",
    [
        "ALTER ROLE mcp_app BYPASSRLS",
        "GRANT mcp_admin TO mcp_app",
        "GRANT SET ON PARAMETER session_replication_role TO mcp_app",
    ],
)
def test_a_cluster_that_was_bent_beyond_a_database_serves_nobody_else(
    copy: DemoDatabase, stock: Stock, bending: str
) -> None:
    before = stock.postmaster
    copy.run_as_superuser([bending])
    assert not stock.take_back()
    stock.prepare()
    assert stock.postmaster != before
    assert not psutil.pid_exists(before)


@pytest.fixture
def host() -> Generator[Program]:
    with Program(_HOST) as host:
        yield host


def _serve(host: Program, name: str, folder: Path) -> dict[str, Any]:
    state = folder / f"{name}.json"
    order = {"state": str(state), "output": str(folder / name), "drill": False, "valkey": False}
    assert host.ask(_SECONDS, serve=name, seconds=30, **order) == {"error": ""}
    return json.loads(state.read_text())


def _ping(state: dict[str, Any]) -> int:
    address = state["url"].removesuffix("/mcp")
    return httpx.get(f"{address}/health", trust_env=False).status_code


def test_servers_follow_one_another_with_secrets_and_a_process_of_their_own(
    host: Program, tmp_path: Path
) -> None:
    first = _serve(host, "healthy", tmp_path)
    assert _ping(first) == 200
    spent = host.ask(_SECONDS, end=True)
    assert spent["cpu"] > 0
    assert not psutil.pid_exists(first["pid"])
    second = _serve(host, "health-needs-a-key", tmp_path)
    assert _ping(second) == 401
    assert first["pid"] != second["pid"]
    assert first["admin_token"] != second["admin_token"]
    assert first["tenants"] != second["tenants"]
    host.close()
    assert not psutil.pid_exists(second["pid"])


def test_a_killed_host_leaves_no_server_and_no_database(host: Program, tmp_path: Path) -> None:
    state = _serve(host, "healthy", tmp_path)
    server = psutil.Process(state["pid"])
    parent = psutil.Process(server.ppid())
    below = parent.children(recursive=True)
    os.kill(parent.pid, signal.SIGKILL)
    assert becomes_true(lambda: all(has_ended(process) for process in below), 20)
    with pytest.raises(ProgramEndedError, match="ended with -9"):
        host.ask(_SECONDS, end=True)


def test_a_server_that_does_not_start_tells_why(host: Program, tmp_path: Path) -> None:
    order = {"state": str(tmp_path / "nowhere" / "state.json"), "output": str(tmp_path / "output")}
    told = host.ask(_SECONDS, serve="healthy", seconds=30, drill=False, valkey=False, **order)
    assert "nowhere" in told["error"]


@pytest.mark.parametrize("mutant", all_mutants().values(), ids=lambda mutant: mutant.id)
def test_a_mutant_is_judged_by_what_it_names_and_by_the_areas_of_its_part(mutant: Any) -> None:
    case = Case.of(mutant, full=False)
    assert mutant.fails.issubset(case.judged)
    home = home_of(mutant)
    assert home in areas()
    left = {
        entry.area
        for name, entry in requirements().items()
        if not (name in case.judged or entry.costly or (not case.without and _starts(name)))
        and STARTING.isdisjoint(entry.needs)
    }
    assert home == "TIME" or home not in left
    assert set(case.judged) <= set(Case.of(mutant, full=True).judged)


def _starts(name: str) -> bool:
    return name in ALSO_STARTING or not STARTING.isdisjoint(requirements()[name].needs)


def test_a_benign_variant_has_no_part_that_is_worse_than_another() -> None:
    assert {home_of(variant) for variant in all_benign().values()} == {None}


def test_costly_requirements_take_turns_on_the_benign_variants() -> None:
    variants = list(all_benign().values())
    cases = [Case.of(variant, full=False) for variant in variants]
    for name in COSTLY:
        judged = sum(name in case.judged for case in cases)
        assert len(cases) // (2 * COSTLY_BENIGN_TURNS) <= judged, name
    taken = 0
    for variant, case in zip(variants, cases, strict=True):
        assert variant.lacks | variant.touches <= set(case.judged)
        costly = set(COSTLY).intersection(case.judged)
        taken += len(costly - variant.lacks - variant.touches)  # to lack it costs nothing
    assert taken <= len(cases) * len(COSTLY) * 1.5 / COSTLY_BENIGN_TURNS


def test_what_is_not_costly_takes_turns_of_its_own_on_the_benign_variants() -> None:
    cases = [Case.of(variant, full=False) for variant in all_benign().values()]
    for name, entry in requirements().items():
        if entry.area == "TIME" or name in {*COSTLY, *ALSO_STARTING}:
            continue
        if FORMLESS.isdisjoint(entry.needs):
            judged = sum(name in case.judged for case in cases)
            assert len(cases) // (2 * BENIGN_TURNS) <= judged <= len(cases) // 2, name


def test_costly_requirements_take_turns_on_the_mutants_that_do_not_name_them() -> None:
    """Each is seen not to fail on some mutants of its area, and on few of them."""
    cases = [Case.of(mutant, full=False) for mutant in all_mutants().values()]
    for name in COSTLY:
        area, needs = requirements()[name].area, requirements()[name].needs
        if not STARTING.isdisjoint(needs):
            continue
        others = [
            name in case.judged
            for case in cases
            if name not in case.names and home_of(all_mutants()[case.name]) == area
        ]
        assert not others or len(others) // (2 * TURNS) <= sum(others) <= len(others) // 2


def test_the_price_of_all_rows_is_told() -> None:
    case = Case("mutant", frozenset({"AUTH-01"}))
    rows = [Kill.of(case, Judgement([], "", cpu), 1.0) for cpu in (1.0, 2.0, 9.0)]
    told = price(rows, whole=15.0, seconds=8.0)
    assert told.startswith("CPU seconds a row: 2.0 in the median, 5.0 in the mean")
