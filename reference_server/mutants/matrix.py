"""``python -m reference_server.mutants.matrix``: the kill matrix, see ``bench.matrix``."""

from __future__ import annotations

import sys

from reference_server.mutants.bench.matrix import main

if __name__ == "__main__":
    sys.exit(main())
