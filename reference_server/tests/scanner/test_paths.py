"""Probes by their paths, in every spelling, and what only looks like one."""

from __future__ import annotations

import time

import pytest

from reference_server.scanner.paths import ProbePaths, canonical
from reference_server.scanner.tables import EXTENSIONS, PATHS

TABLE = ProbePaths(own=("/admin/api-keys/rotate",))


def test_the_tables_have_the_entries_of_the_seed() -> None:
    assert (len(EXTENSIONS), len(PATHS)) == (12, 18)
    assert len(set(EXTENSIONS)) == 12
    assert len(set(PATHS)) == 18


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_each_extension_is_refused(extension: str) -> None:
    assert TABLE.refuses(f"/some/name.{extension}")
    assert TABLE.refuses(f"/NAME.{extension.upper()}")
    assert not TABLE.refuses(f"/some/{extension}")
    assert not TABLE.refuses(f"/name.{extension}x")


@pytest.mark.parametrize("path", PATHS)
def test_each_path_is_refused(path: str) -> None:
    whole = path if path.startswith("/") else f"/{path}"
    for spelt in (whole, whole.upper(), f"/blog{whole}", f"{whole}/x"):
        assert TABLE.refuses(spelt), spelt


@pytest.mark.parametrize(
    "path",
    [
        "/%2eenv",
        "/%252eenv",
        "/%25252eenv",
        "/.env/",
        "/.env;x=1",
        "/.env%00.png",
        "/.env.",
        "/.env ",
        "/.env.production",
        "/.git/HEAD",
        "\\.git\\config",
        "/index.php/whatever",
        "/wp%2dadmin",
        "//wp-admin",
        "/./wp-admin/.",
        "/wp-admin/../metrics",
        "/manager\\html",
        "/manager//html",
        "/manager/;x=1/html",
        "/manager/./html",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    assert TABLE.refuses(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/mcp",
        "/health",
        "/robots.txt",
        "/favicon.ico",
        "/.well-known/oauth-protected-resource/mcp",
        "/oauth/google/callback",
        "/config",
        "/index.html",
        "/environment",
        "/v1.2/metrics",
        "/admin/api-keys/rotate",
        "/%ff%fe",
    ],
)
def test_other_paths_pass(path: str) -> None:
    assert not TABLE.refuses(path)


@pytest.mark.parametrize("path", ["/Admin/api-keys/rotate", "//admin/api-keys/rotate", "/admin"])
def test_only_the_own_path_itself_is_spared(path: str) -> None:
    assert TABLE.refuses(path)


def test_a_path_without_end_costs_no_time() -> None:
    began = time.perf_counter()
    for path in ("/" * 200_000, "/;" * 100_000, "%25" * 60_000, "/." * 100_000, "." * 200_000):
        TABLE.refuses(path)
    assert time.perf_counter() - began < 1


def test_the_canonical_path_is_a_fixed_point() -> None:
    for path in ("/%252e%252E/A;b//./c\\d%00e", "/a/./././b", "/;/;/x"):
        assert canonical(canonical(path)) == canonical(path)
