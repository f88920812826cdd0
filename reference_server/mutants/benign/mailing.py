"""Mail of another make that every clause permits."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from reference_server.mail.composing import html_footer
from reference_server.mail.webhooks import ID
from reference_server.mutants.bending import Beside
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mail._bending import composing, mailing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.mail.contracts import Letter, Sent

_MAIL = frozenset({"MAIL-01", "MAIL-02", "MAIL-03", "MAIL-04", "MAIL-05"})


def _with_a_name(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    """Name the sender, send HTML beside any text, and offer an address to write to as well."""
    del sent
    link = document["headers"]["List-Unsubscribe"]
    fields = {"LIST-UNSUBSCRIBE": f"<mailto:leave@hallmark.example>, {link}"}
    fields["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    shown = html.escape(letter.text).replace("\n", "<br>")
    return {
        "html": f"<!doctype html><body>{shown}{html_footer(link[1:-1])}</body>",
        **document,
        "from": f"Reports <{document['from']}>",
        "to": document["to"][0],
        "headers": fields,
    }


class _Once(Beside):
    """Refuses a webhook that it has seen before."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self._seen = set[str]()

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        if headers.get(ID) in self._seen or not self.real.admits(headers, body):
            return False
        self._seen.add(headers[ID])
        return True


VARIANTS = (
    benign(
        "mail-with-a-name-and-html",
        "The sender has a name, every message HTML, and its fields other letters.",
        parts=composing(_with_a_name),
        touches=_MAIL,
    ),
    benign(
        "webhooks-refused-the-second-time",
        "A webhook that is repeated is refused.",
        parts=mailing(webhooks=lambda mail: _Once(mail.webhooks)),
        touches=_MAIL,
    ),
)
