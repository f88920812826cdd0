"""Mail is judged on servers that share nothing with the reference server."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from conformance.selftest import mailers
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving
from conformance.world.mail import MailProvider

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from conformance.selftest.judging import Judged

CONTROL = "a-word-that-nobody-guesses"
MAIL = """
[world.mail]
url = "{url}"
control = {{ file = "control" }}
[tools.mail]
name = "notify"
[tools.mail.arguments]
recipients = ["{{recipient}}"]
content = {{ title = "{{subject}}", text = "{{body}}" }}
[mail]
domain = "mail.stranger.example"
footer = "leave"
suppressed_after = 2
[mail.blocklist]
[mail.webhook]
path = "/hooks/delivery"
secret = {{ file = "secret" }}
id_header = "webhook-id"
timestamp_header = "webhook-timestamp"
signature_header = "webhook-signature"
tolerance_seconds = 60
"""
ALL = ("MAIL-01", "MAIL-02", "MAIL-03", "MAIL-04", "MAIL-05")


@contextmanager
def provider() -> Generator[str]:
    """Have the judge's mail provider run while the block lasts; return its URL."""
    with MailProvider(("127.0.0.1", 0), CONTROL) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(20)


def judged(folder: Path, handler: type[mailers.Mailer], more: str = MAIL) -> Judged:
    (folder / "control").write_text(CONTROL, encoding="utf-8")
    (folder / "secret").write_text(mailers.SECRET, encoding="utf-8")
    with provider() as api, serving(handler) as url:
        mailers.Mailer.api = api
        profile = PROFILE + more.format(url=api)
        return judge(folder, f"--target={url}", "--area=MAIL", profile=profile)


@pytest.mark.parametrize(
    ("handler", "fails"),
    [
        (mailers.Mailer, set[str]()),
        (mailers.BelievesAnybody, {"MAIL-05"}),
        (mailers.GivesUpForAll, {"MAIL-04"}),
        (mailers.SaysNothing, {"MAIL-03"}),
        (mailers.ReadsAsWritten, {"MAIL-02"}),
    ],
)
def test_a_server_of_another_make_is_judged_by_what_it_does(
    tmp_path: Path, handler: type[mailers.Mailer], fails: set[str]
) -> None:
    found = judged(tmp_path, handler).verdicts
    assert {name for name, verdict in found.items() if verdict == "fail"} == fails, found
    assert {name: found[name] for name in ALL if name not in fails} == {
        name: "pass" for name in ALL if name not in fails
    }


def test_a_server_without_mail_is_not_assessed(tmp_path: Path) -> None:
    found = judged(tmp_path, mailers.Mailer, more="").verdicts
    assert {found[name] for name in ALL} == {"not assessed"}
