#!/usr/bin/env bash
# Installs the judge, and nothing of the server or the load, into an environment of its own: what its
# lock file pins, and nothing that an index thinks of since.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/.." && pwd)
"$PYTHON" -m venv "$RUNNER_TEMP/hallmark"
export PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1
"$RUNNER_TEMP/hallmark/bin/pip" install --no-deps --require-hashes -r "$root/requirements-judge.lock"
"$RUNNER_TEMP/hallmark/bin/pip" install --no-deps --no-build-isolation "$root"
