#!/usr/bin/env bash
# Installs the judge, and nothing of the server or the load, into an environment of its own.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/.." && pwd)
"$PYTHON" -m venv "$RUNNER_TEMP/hallmark"
"$RUNNER_TEMP/hallmark/bin/pip" install --quiet --disable-pip-version-check "$root"
