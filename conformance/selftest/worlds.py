"""Serves one of the judge's small servers while a test lasts."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.world.serving import WorldServer

CONTROL = "a-word-that-nobody-guesses"
AMPLE = 20.0


@contextmanager
def served(made: WorldServer) -> Generator[str]:
    """Serve while the block lasts; return the URL."""
    with made as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(AMPLE)
