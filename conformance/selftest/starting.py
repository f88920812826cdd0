"""The program that starts servers of others, for tests that want a part of what it does."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from conformance.selftest.locks import ROOT

SERVERS = ROOT / "fixtures" / "servers"


def start_program() -> Any:
    """Return it as a module, which finds what lies beside it as when it is run."""
    sys.path.insert(0, str(SERVERS))
    try:
        return importlib.import_module("start")
    finally:
        sys.path.remove(str(SERVERS))
