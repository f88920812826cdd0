"""The issuer over HTTP: what everybody may ask, and what only who knows the control word may.

Below ``/.hallmark/``, with the word as a bearer token and a JSON object as the body of a POST:

- ``POST counts``: ``{"fetched": {path: number}}``, how often each path was asked.
- ``POST mint``: ``{"user", "client", "scope", "audience", "token": recipe}``; an access token.
- ``POST login``: ``{"url", "user", "claims", "token": recipe, "answer"}``, the authorization URL to
  which a target has sent a browser, and who logs in there; ``{"location"}`` is where to go on.
- ``POST add``: ``{"algorithm"}``; a new key is published, by which the signer ``added`` signs.
- ``POST rotate``: ``{"algorithm", "keeps"}``; the issuer signs by a new key.
- ``POST mode``: ``{"mode"}``; see ``Mode``.
"""

from __future__ import annotations

import html
import json
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from conformance.world.issuer.flows import Client, Flows, Login, RefusedError, Setup, fields_of
from conformance.world.issuer.keys import ALGORITHMS, Keys
from conformance.world.issuer.minting import OUTAGES, Mode, Recipe, changed
from conformance.world.serving import WorldHandler, WorldServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTROL = "/.hallmark/"
CONFIGURATION = "/.well-known/openid-configuration"
METADATA = "/.well-known/oauth-authorization-server"
_LONGEST_BODY = 64 * 1024
_SILENT_SECONDS = 30.0
_FORM = """<!doctype html><title>Log in</title>
<form method="post"><label>User <input name="user" autofocus></label>
<input type="hidden" name="request" value="{request}"><button>Log in</button></form>"""


def read_setup(path: Path, url: str) -> Setup:
    """Read who is known: ``{"path", "audience", "users": {name: claims}, "clients": {id: …}}``.

    ``path`` is that of the issuer's URL. A client has ``redirect_uris``, and a ``secret`` where it
    is confidential. ``clock`` may name the file that moves the target's clock. Raises
    ValueError and OSError.
    """
    told = json.loads(path.read_text(encoding="utf-8"))
    clients = {
        name: Client(tuple(one["redirect_uris"]), one.get("secret"))
        for name, one in told["clients"].items()
    }
    users = {name: {"sub": name, **claims} for name, claims in told["users"].items()}
    clock = Path(told["clock"]) if "clock" in told else None
    return Setup(url + told.get("path", ""), users, clients, told["audience"], clock)


class Issuer(WorldServer):
    """The server. Port 0 takes a free one; ``setup`` is made for the URL that it then has."""

    def __init__(
        self, address: tuple[str, int], control: str, setup: Callable[[str], Setup]
    ) -> None:
        super().__init__(address, _Handler)
        host, port = self.server_address[:2]
        self.control = control
        self.setup = setup(f"http://{host!s}:{port}")
        self.keys = Keys()
        self.flows = Flows(self.setup, self.keys)
        self.mode = Mode.RIGHT
        self.fetched: Counter[str] = Counter()
        self.lock = threading.Lock()  # bounded: a number is raised
        self.ended = threading.Event()

    @property
    def path(self) -> str:
        """The path of the issuer's URL; empty where it has none."""
        return urlsplit(self.setup.url).path

    def server_close(self) -> None:
        """Let go of who is kept waiting, too."""
        self.ended.set()
        super().server_close()

    def metadata(self) -> dict[str, Any]:
        """Return what discovery tells (OpenID Connect Discovery 1.0 section 3, RFC 8414)."""
        url = self.setup.url
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "userinfo_endpoint": f"{url}/userinfo",
            "jwks_uri": f"{url}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "token_endpoint_auth_methods_supported": [
                *("none", "client_secret_basic", "client_secret_post"),
            ],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "authorization_response_iss_parameter_supported": True,
        }


class _Handler(WorldHandler):
    @property
    def issuer(self) -> Issuer:
        return cast("Issuer", self.server)

    def do_GET(self) -> None:
        path, query = self._asked()
        if path.startswith(CONTROL):
            self._control(path.removeprefix(CONTROL))
        elif not self._is_out():
            self._serve(path, query)

    def do_POST(self) -> None:
        path, _ = self._asked()
        if path.startswith(CONTROL):
            self._control(path.removeprefix(CONTROL))
        elif not self._is_out():
            form = fields_of(self.body(_LONGEST_BODY).decode("utf-8", "replace"))
            self._take(path, form)

    def _asked(self) -> tuple[str, str]:
        parts = urlsplit(self.path)
        if not parts.path.startswith(CONTROL):
            with self.issuer.lock:
                self.issuer.fetched[parts.path] += 1
        return parts.path, parts.query

    def _is_out(self) -> bool:
        """Tell whether nothing is served now; then the request is answered, as far as it is."""
        mode = self.issuer.mode
        if mode is Mode.ERROR:
            self.answer(503, {"error": "unavailable"})
        elif mode is Mode.SILENT:
            self._stay_silent()
        self.close_connection = mode in OUTAGES
        return mode in OUTAGES

    def _stay_silent(self) -> None:
        """Keep whoever asks waiting, until something changes or it has been long enough."""
        for _ in range(int(_SILENT_SECONDS * 10)):
            if self.issuer.ended.wait(0.1) or self.issuer.mode is not Mode.SILENT:
                return

    def _serve(self, path: str, query: str) -> None:
        root = self.issuer.path
        if path in {f"{root}{CONFIGURATION}", f"{METADATA}{root}", f"{CONFIGURATION}{root}"}:
            self.answer(200, self.issuer.metadata())
        elif path == f"{root}/jwks":
            self._publish(self.issuer.mode)
        elif path == f"{root}/authorize":
            self._ask(query)
        elif path == f"{root}/userinfo":
            self._tell_user()
        else:
            self.answer(404, {"error": "not_found"})

    def _publish(self, mode: Mode) -> None:
        if mode is Mode.GARBAGE:
            self.answer_with(200, b"<!doctype html><p>Sign in to this network.", _HTML)
        elif mode in {Mode.ENORMOUS, Mode.ENDLESS}:
            self._stream(mode)
        else:
            self.answer(200, {"keys": self.issuer.keys.published(mode)})

    def _stream(self, mode: Mode) -> None:
        """Answer with a body of which nobody is told the length."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        if mode is Mode.ENORMOUS:
            for part in self.issuer.keys.enormous():
                self.wfile.write(part)
            return
        self.wfile.write(b'{"keys":[')
        for _ in range(int(_SILENT_SECONDS * 10)):
            self.wfile.write(b" ")
            if self.issuer.ended.wait(0.1) or self.issuer.mode is not Mode.ENDLESS:
                return

    def _ask(self, query: str) -> None:
        try:
            self.issuer.flows.check(fields_of(query))
        except RefusedError as error:
            self.answer(400, {"error": error.code, "error_description": str(error)})
            return
        page = _FORM.format(request=html.escape(query, quote=True))
        self.answer_with(200, page.encode(), _HTML)

    def _tell_user(self) -> None:
        shown = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        claims = self.issuer.flows.user_of(shown)
        if claims is None:
            self.answer(401, {"error": "invalid_token"})
        else:
            self.answer(200, claims)

    def _take(self, path: str, form: Mapping[str, str]) -> None:
        root, flows = self.issuer.path, self.issuer.flows
        try:
            if path == f"{root}/token":
                self.answer(200, flows.exchanged(form, self.headers.get("Authorization")))
            elif path == f"{root}/authorize":
                login = Login(self.issuer.setup.user(form.get("user", "")))
                self._send_to(flows.answered(fields_of(form.get("request", "")), login))
            else:
                self.answer(404, {"error": "not_found"})
        except RefusedError as error:
            status = 401 if error.code == "invalid_client" else 400
            self.answer(status, {"error": error.code, "error_description": str(error)})
        except ValueError as error:
            self.answer(400, {"error": "invalid_request", "error_description": str(error)})

    def _send_to(self, location: str) -> None:
        self.answer_with(302, b"", {"Location": location})

    def _control(self, verb: str) -> None:
        if not self.shows(self.issuer.control):
            self.answer(401, {"error": "unauthorized"})
            return
        verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "counts": self._count,
            "mint": self._mint,
            "login": self._login,
            "add": self._add,
            "rotate": self._rotate,
            "mode": self._switch,
        }
        if verb not in verbs:
            self.answer(404, {"error": f"no {verb}: it is one of {', '.join(verbs)}"})
            return
        try:
            told: Any = json.loads(self.body(_LONGEST_BODY) or b"{}")
            self.answer(200, verbs[verb](told))
        except (ValueError, KeyError, TypeError, AttributeError, RefusedError) as error:
            self.answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _count(self, told: dict[str, Any]) -> dict[str, Any]:
        del told
        with self.issuer.lock:
            return {"fetched": dict(self.issuer.fetched)}

    def _mint(self, told: dict[str, Any]) -> dict[str, Any]:
        setup = self.issuer.setup
        token = self.issuer.flows.access_token(
            setup.user(told["user"]),
            told.get("client", next(iter(setup.clients), "")),
            told.get("scope", ""),
            told.get("audience") or setup.audience,
            Recipe.told(told.get("token", {})),
        )
        return {"token": token}

    def _login(self, told: dict[str, Any]) -> dict[str, Any]:
        claims = changed(self.issuer.setup.user(told["user"]), told.get("claims", {}))
        login = Login(claims, Recipe.told(told.get("token", {})), told.get("answer", {}))
        asked = fields_of(urlsplit(str(told["url"])).query)
        return {"location": self.issuer.flows.answered(asked, login)}

    def _add(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"kid": self.issuer.keys.add(told.get("algorithm", "RS256")).kid}

    def _rotate(self, told: dict[str, Any]) -> dict[str, Any]:
        keeps = bool(told.get("keeps", True))
        return {"kid": self.issuer.keys.rotate(told.get("algorithm", "RS256"), keeps=keeps).kid}

    def _switch(self, told: dict[str, Any]) -> dict[str, Any]:
        self.issuer.mode = Mode(told["mode"])
        return {"mode": self.issuer.mode.value}


_HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
