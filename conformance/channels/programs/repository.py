"""The repository channel: runs the gates of the target's CI on fixtures of ours."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.waiting import beside

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

LINT_SECONDS = 60
AUDIT_SECONDS = 120
ASK_SECONDS = 10
"""What who asks our server of advisories may take from one piece of its request to the next."""
END_SECONDS = 10.0
"""What that server has to end in."""
_LOOK_SECONDS = 0.1

_PACKAGE = "hallmark-no-such-package"
_ADVISORY = {
    "schema_version": "1.6.0",
    "id": "GHSA-hhhh-hhhh-hhhh",
    "summary": "An advisory of the conformance suite's own making",
    "published": "2026-01-01T00:00:00Z",
    "modified": "2026-01-01T00:00:00Z",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "database_specific": {"severity": "HIGH"},
    "affected": [
        {
            "package": {"name": _PACKAGE, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}],
            "versions": ["1.0.0"],
        }
    ],
}


class SourceLint:
    """Asks a lint command of the target's own what it thinks of a source file."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    def accepts(self, source: str) -> bool:
        """Tell whether lint passes a module. Raises OSError or TimeoutExpired (inconclusive)."""
        with tempfile.TemporaryDirectory(prefix="hallmark-lint-") as folder:
            path = Path(folder) / "module.py"
            path.write_text(source, encoding="utf-8")
            return passes([*self._command, str(path)], LINT_SECONDS)


class DependencyAudit:
    """Asks the target's own audit of dependencies about a package that exists nowhere.

    The advisories come from us, over loopback: what is tried is the gate, not the network.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    def accepts(self, *, is_vulnerable: bool) -> bool:
        """Tell whether the audit passes; OSError or TimeoutExpired where it cannot be run."""
        version = "1.0.0" if is_vulnerable else "2.0.0"
        with tempfile.TemporaryDirectory(prefix="hallmark-audit-") as folder, _advisories() as url:
            path = Path(folder) / "requirements.txt"
            path.write_text(f"{_PACKAGE}=={version}\n", encoding="utf-8")
            values = {"{requirements}": str(path), "{advisories}": url}
            return passes([filled(word, values) for word in self._command], AUDIT_SECONDS)


class _Advisories(BaseHTTPRequestHandler):
    """Answers as OSV's query does: one version of one package has an advisory."""

    timeout = ASK_SECONDS

    def do_POST(self) -> None:
        asked: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        affected = (asked["package"]["name"], asked["version"]) == (_PACKAGE, "1.0.0")
        body = json.dumps({"vulns": [_ADVISORY]} if affected else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
        """Say nothing: the judge's terminal is not a server's log."""


class _Server(ThreadingHTTPServer):
    timeout = _LOOK_SECONDS

    def serve(self, has_ended: Callable[[], bool]) -> None:
        """Serve until told that it is enough."""
        while not has_ended():
            self.handle_request()


@contextmanager
def _advisories() -> Generator[str]:
    with (
        _Server(("127.0.0.1", 0), _Advisories) as server,
        beside(server.serve, "the end of our server of advisories", END_SECONDS),
    ):
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"


def passes(command: Sequence[str], seconds: int) -> bool:
    """Tell whether a command ends well. Raises OSError or TimeoutExpired (inconclusive)."""
    done = subprocess.run(  # noqa: S603 -- the profile's own command
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
    )
    return done.returncode == 0


def filled(word: str, values: dict[str, str]) -> str:
    """Return a word of a command with its places filled in."""
    for name, value in values.items():
        word = word.replace(name, value)
    return word
