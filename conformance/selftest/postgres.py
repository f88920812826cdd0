"""A PostgreSQL of their own for servers of these tests, in a process that ends with its input."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from conformance.selftest.judging import ROOT, SECONDS

if TYPE_CHECKING:
    from collections.abc import Generator

_PROGRAM = """
import json, sys
from reference_server.demo.postgres import SUPERUSER, Cluster
with Cluster() as cluster:
    cluster.start()
    told = {"conninfo": cluster.url(SUPERUSER, "postgres"), "password": cluster.password}
    print(json.dumps(told), flush=True)
    sys.stdin.read()
"""
"""The throw-away cluster of the reference server, of which nothing else is there."""


@contextmanager
def postgres() -> Generator[str]:
    """Have PostgreSQL run until the block ends; yields how its superuser connects."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()  # the cluster gives up by itself
        assert told, "PostgreSQL does not start"
        yield make_conninfo(**json.loads(told))
    finally:
        process.communicate(timeout=SECONDS)
