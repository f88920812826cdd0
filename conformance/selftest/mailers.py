"""A server of another make that sends mail: nested arguments, plain text, webhooks elsewhere."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import re
import time
import unicodedata
from collections import Counter
from typing import Any, ClassVar
from urllib.parse import urlsplit

from conformance.selftest.gateways import Gateway

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1tYWlsZXItMTIz"
DOMAIN = "mail.stranger.example"
HOOK = "/hooks/delivery"
LURES = ("password", "card number", "gift card")
LEAVE = "https://stranger.example/leave?who="
SECONDS = 5.0
_ADDRESS = re.compile(r"[a-z0-9.-]+@[a-z0-9.-]+")
_LOOKS = str.maketrans("асеорхуіјѕкмнтοιν0１", "aceopxyijskmhtoivo1")  # noqa: RUF001


class Mailer(Gateway):
    """Sends what it is told to where the provider is; ``api`` is that, for all tenants."""

    api: ClassVar[str] = ""
    sent: ClassVar[dict[str, tuple[str, str]]] = {}
    failed: ClassVar[set[str]] = set()
    most: ClassVar[int] = 2

    def answer(self) -> None:
        """Take the provider's word at its own URL."""
        if self.path != HOOK:
            super().answer()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.is_right(body):
            self.reply(403, {"error": "no"})
            return
        data = json.loads(body)["data"]
        if data["bounce"]["type"] == "Permanent":
            self.failed.add(data["email_id"])
        self.reply(202, {})

    do_POST = answer

    def is_right(self, body: bytes) -> bool:
        """Tell whether a webhook is the provider's."""
        told = [self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp")]
        if not told[1].isdigit() or abs(time.time() - int(told[1])) > 60:
            return False
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        made = hmac.digest(key, f"{told[0]}.{told[1]}.".encode() + body, "sha256")
        right = f"v1,{base64.b64encode(made).decode()}"
        return hmac.compare_digest(right, self.headers.get("webhook-signature", ""))

    def call(
        self, name: str, arguments: dict[str, Any], params: dict[str, Any]
    ) -> tuple[Any, bool]:
        """Send a message, or say that it is not sent."""
        del params
        if name != "notify" or set(arguments) != {"recipients", "content"}:
            return "no such tool or argument", True
        (recipient,), content = arguments["recipients"], arguments["content"]
        title, recipient = str(content["title"]), str(recipient).lower()
        if not title.isprintable() or _ADDRESS.fullmatch(recipient) is None:
            return "not an address, or not a title", True
        if self.is_lure(f"{title} {content['text']}") or self.is_given_up(recipient):
            return "not sent", True
        self.hand_over(recipient, title, str(content["text"]))
        return {"queued": True}, False

    def is_lure(self, text: str) -> bool:
        """Tell whether a text asks for what nobody asks for."""
        shown = unicodedata.normalize("NFKD", text).translate(_LOOKS).lower().translate(_LOOKS)
        shown = "".join(
            one for one in shown if one.isascii() or unicodedata.category(one) not in {"Cf", "Mn"}
        )
        shown = re.sub(r"\s+", " ", shown).replace("1", "l")
        asks = re.search(r"verify|confirm|reply with|send me", shown)
        return bool(asks) and any(lure in shown for lure in LURES)

    def is_given_up(self, recipient: str) -> bool:
        """Tell whether messages of the tenant's there have failed too often."""
        owner = self.owner()
        found = Counter(self.sent[one] for one in self.failed if one in self.sent)
        return found[owner, recipient] >= self.most

    def owner(self) -> str:
        """Return whose failures count."""
        return self.tenant() or ""

    def footer(self, recipient: str) -> str:
        """Return what ends each message."""
        return f"\n\nNo more of this? Leave: {LEAVE}{recipient}"

    def hand_over(self, recipient: str, title: str, text: str) -> None:
        """Give a message to the provider, and keep whose it was."""
        link = f"<{LEAVE}{recipient}>"
        told = {
            "from": f"Stranger <hello@{DOMAIN}>",
            "to": recipient,
            "subject": title,
            "text": text + self.footer(recipient),
            "headers": {
                "list-unsubscribe": link,
                "list-unsubscribe-post": "List-Unsubscribe=One-Click",
            },
        }
        line = http.client.HTTPConnection(urlsplit(self.api).netloc, timeout=SECONDS)
        try:
            headers = {"Authorization": "Bearer re_123"}
            line.request("POST", "/emails", json.dumps(told), headers)
            message = json.loads(line.getresponse().read())["id"]
        finally:
            line.close()
        self.sent[message] = (self.owner(), recipient)


class BelievesAnybody(Mailer):
    """Takes a webhook from whoever sends it."""

    def is_right(self, body: bytes) -> bool:
        """Look at nothing."""
        del body
        return True


class GivesUpForAll(Mailer):
    """Counts failures of all tenants together."""

    def owner(self) -> str:
        """Return the same for everybody."""
        return "everybody"


class SaysNothing(Mailer):
    """Has no footer."""

    def footer(self, recipient: str) -> str:
        """Return nothing."""
        del recipient
        return ""


class ReadsAsWritten(Mailer):
    """Compares texts as they were written."""

    def is_lure(self, text: str) -> bool:
        """Tell whether the words are there, letter by letter."""
        return any(lure in text for lure in LURES)
