"""Other logs and trails: in text, exported by a command, and with the ends of keys in them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import before, with_stage
from reference_server.mutants.benign import exporting
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mail._bending import without_mail
from reference_server.observability import logs
from reference_server.parts import with_parts

if TYPE_CHECKING:
    import logging

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts

PROFILE = Path(__file__).parents[3] / "fixtures" / "targets" / "text-and-lines.toml"
"""What tells the judge how both are read."""


class _Logfmt(logs.JsonFormatter):
    """Writes log lines as ``key=value``, all but plain words in the quotes of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = json.loads(super().format(record))
        head = {name: line.pop(name, None) or "-" for name in ("time", "level", "request_id")}
        told = [f"{name}={value}" for name, value in head.items()]
        return " ".join([*told, *(f"{name}={json.dumps(value)}" for name, value in line.items())])


def _in_text(parts: Parts) -> Parts:
    setattr(logs, "JsonFormatter", _Logfmt)  # noqa: B010 -- the log has no other door
    return with_parts(without_mail(parts), {"scanner.is_on": False})


def _told(ready: dict[str, Any]) -> dict[str, Any]:
    """Return what a demo tells, with the commands that print its log and its trail."""
    export = [sys.executable, "-m", exporting.__name__, ready["database"]["auditor"]]
    return ready | {"written": {"log": ["cat", ready["log_file"]], "trail": export}}


def _log_ending(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    logs.log_event("asked", context.request_id, who=f"…{(context.credential or '')[-4:]}")
    return None


VARIANTS = (
    benign(
        "key-ends-logged",
        "The last four characters of each credential are logged, by which people tell keys apart.",
        parts=with_stage("authenticate", before(_log_ending)),
    ),
    benign(
        "text-and-lines",
        "The log is key=value, and the trail is exported as JSON lines; a command prints each. "
        "There is no triage of scanners, and no mail.",
        parts=_in_text,
        state=_told,
        profile=PROFILE,
        lacks="AUD-09 AUD-11 AUD-12 AUD-15 AUTH-13 OAUTH-03 OAUTH-05 "
        "MAIL-01 MAIL-02 MAIL-03 MAIL-04 MAIL-05 "
        "SCAN-01 SCAN-02 SCAN-03 SCAN-04 SCAN-05 SCAN-05-b",
    ),
)
