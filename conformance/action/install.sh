#!/usr/bin/env bash
# Installs the judge, and nothing of the server or the load, into an environment of its own: what its
# lock file pins, and nothing that an index thinks of since.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/.." && pwd)
"$PYTHON" -m venv "$RUNNER_TEMP/hallmark"
pip="$RUNNER_TEMP/hallmark/bin/pip"
"$pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$root/requirements-judge.lock"
"$pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation "$root"
