"""A small authorization server beside an MCP server: registration, sign-in, consent and tokens."""

from __future__ import annotations

import json
import secrets
from html import escape
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from conformance.selftest.authorization.grants import (
    LOOPBACKS,
    SCOPES,
    USERS,
    Memory,
    Refused,
    Request,
)
from conformance.selftest.targets import Good

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROFILE = """
[authorization.users.ann]
forms = [{ email = "ann@a.example", password = { env = "PASSWORD_ANN" } }]
[authorization.users.bob]
tenant = "b"
forms = [{ email = "bob@b.example", password = { env = "PASSWORD_BOB" } }]
"""
"""What a profile says of it, beside what it says of the MCP server."""
_KEPT = "default-src 'none'; form-action *; frame-ancestors 'none'"


class Authorizes(Good):
    """Serves MCP with keys, and with tokens that its own authorization server gives."""

    memory: ClassVar[Memory]
    sent: bytes = b""

    # -- the resource ------------------------------------------------------------------------------

    def tenant(self) -> str | None:
        """Return whose token, or key, was presented."""
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return self.memory.holder(token, self.mcp) if scheme == "Bearer" else super().tenant()

    @property
    def issuer(self) -> str:
        """Its own name."""
        return f"http://127.0.0.1:{cast('tuple[str, int]', self.server.server_address)[1]}"

    @property
    def mcp(self) -> str:
        """The resource's name."""
        return f"{self.issuer}/mcp"

    def answer(self) -> None:
        """Serve by path; the MCP server is at all that are not named."""
        routes: dict[str, Callable[[], None]] = {
            "/.well-known/oauth-protected-resource/mcp": self.tell_resource,
            "/.well-known/oauth-authorization-server": self.tell_server,
            "/in/ask": self.ask,
            "/in/sign": self.sign_in,
            "/in/decide": self.decide,
            "/in/token": self.give,
            "/in/clients": self.register,
        }
        place = urlsplit(self.path).path
        route = routes.get(place)
        if place.startswith("/in/clients/"):
            route = self.manage
        if route is None:
            super().answer()
            return
        self.sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        route()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer

    def makes(self, mistake: str) -> bool:
        """Tell whether it makes a mistake."""
        return self.memory.makes(mistake)

    def form(self) -> dict[str, str]:
        """Return what was posted, or the query where nothing was."""
        text = self.sent.decode() if self.command == "POST" else urlsplit(self.path).query
        return dict(parse_qsl(text, keep_blank_values=True))

    # -- metadata and clients ----------------------------------------------------------------------

    def tell_resource(self) -> None:
        """Tell what the resource is (RFC 9728)."""
        told = {"resource": self.mcp, "authorization_servers": [self.issuer]}
        self.reply(200, {**told, "scopes_supported": SCOPES})

    def tell_server(self) -> None:
        """Tell what the authorization server has (RFC 8414)."""
        places = {"authorization": "ask", "token": "token", "registration": "clients"}
        told: dict[str, Any] = {
            f"{name}_endpoint": f"{self.issuer}/in/{place}" for name, place in places.items()
        }
        told |= {"issuer": self.issuer, "code_challenge_methods_supported": ["S256"]}
        told |= {"response_types_supported": ["code"], "scopes_supported": SCOPES}
        told["authorization_response_iss_parameter_supported"] = not self.makes("iss unadvertised")
        told["client_id_metadata_document_supported"] = self.takes_documents()
        self.reply(200, told)

    def takes_documents(self) -> bool:
        """Tell whether clients may be known by a document."""
        return False

    def register(self) -> None:
        """Register a client, and tell how to remove it."""
        try:
            made = self.memory.register(json.loads(self.sent), self.client_address[0])
        except Refused as why:
            self.reply(429 if str(why) == "limit" else 400, {"error": str(why)})
            return
        place = f"{self.issuer}/in/clients/{made['client_id']}"
        told = {} if self.makes("keeps clients") else {"registration_client_uri": place}
        self.reply(201, {**made, **told})

    def manage(self) -> None:
        """Remove a client (RFC 7592)."""
        name = self.path.rpartition("/")[2]
        client = self.memory.clients.get(name, {})
        token = f"Bearer {client.get('registration_access_token')}"
        if self.command != "DELETE" or self.headers.get("Authorization") != token:
            self.reply(401, {"error": "invalid_token"})
            return
        del self.memory.clients[name]
        self.send_response(204)
        self.end_headers()

    def client(self, name: str) -> dict[str, Any] | None:
        """Return a client that is known."""
        return self.memory.clients.get(name)

    # -- the user ----------------------------------------------------------------------------------

    def session(self) -> str:
        """Return the browser's session; empty where nobody is signed in."""
        held = SimpleCookie(self.headers.get("Cookie") or "")
        sid = held["sid"].value if "sid" in held else ""
        return sid if sid in self.memory.sessions else ""

    def ask(self) -> None:
        """Ask the user about an authorization request, once it is known to be one."""
        told, memory = self.form(), self.memory
        redirect = told.get("redirect_uri", "")
        client = self.client(told.get("client_id", ""))
        if client is None:
            self._complain(
                "unknown client", told, redirect if self.makes("sends anybody on") else ""
            )
            return
        if not memory.has_redirect(client, redirect):
            may_go = self.makes("sends errors anywhere") and _is_wrong(told)
            self._complain("unknown redirect_uri", told, redirect if may_go else "")
            return
        if (error := self._error_of(told)) is not None:
            self._send_back(redirect, told.get("state", ""), error=error)
        elif not (session := self.session()):
            self._page(_SIGN_IN.format(to=escape(self.path)))
        else:
            self._ask(told, redirect, client, session)

    def _ask(
        self, told: dict[str, str], redirect: str, client: dict[str, Any], session: str
    ) -> None:
        memory = self.memory
        request = Request(
            told["client_id"],
            redirect,
            told.get("code_challenge", ""),
            told.get("code_challenge_method", "plain"),
            told.get("resource", ""),
            told.get("state", ""),
            session,
        )
        is_known = (session, request.client) in memory.consents
        if self.makes("consent for all"):
            is_known = session in {one for one, _ in memory.consents}
        if self.makes("no consent") or is_known:
            self._approve(request)
            return
        ticket = secrets.token_urlsafe(16)
        if self.makes("tickets by client"):
            ticket = request.client
        memory.asked[ticket] = request
        self._page(self._consent(request, client, ticket))

    def _consent(self, request: Request, client: dict[str, Any], ticket: str) -> str:
        """Return the page that asks."""
        host = urlsplit(request.redirect).hostname
        name = (
            escape(client["client_name"]) if not self.makes("raw name") else client["client_name"]
        )
        words = [f"<h1>Give {'a program' if self.makes('nameless') else name} your notes?</h1>"]
        if not self.makes("no host"):
            words.append(f"<p>It will be told at {host}.</p>")
        if host in LOOPBACKS and not self.makes("no warning"):
            words.append("<p>Any program on this computer may be the one that asks.</p>")
        if not self.makes("trusting"):
            words.append("<p>Who it is has not been verified.</p>")
        told = f'<input type="hidden" name="ticket" value="{ticket}">'
        if self.makes("redirect in the form"):
            told += f'<input type="hidden" name="to" value="{escape(request.redirect)}">'
        form = '<form method="post" action="/in/decide">'
        words += [form, told, '<button name="answer" value="yes">Give it</button>']
        words += ['<button name="answer" value="no">Cancel</button></form>']
        return "".join(words)

    def decide(self) -> None:
        """Take a user's decision."""
        told = self.form()
        if self.command != "POST" and not self.makes("decides by links"):
            self._page("no", 405)
            return
        request = self.memory.asked.get(told.get("ticket", ""))
        session = self.session()
        if request is not None and session and self.makes("anybodys decision"):
            request = Request(**{**vars(request), "session": session})
        if request is None or not session or request.session != session:
            self._page("This question was not put to you.", 403)
            return
        self.memory.asked.pop(told["ticket"], None)
        if self.makes("redirect in the form"):
            request = Request(**{**vars(request), "redirect": told["to"]})
        if told.get("answer") != "yes":
            self._send_back(request.redirect, request.state, error="access_denied")
            return
        self.memory.consents.add((session, request.client))
        self._approve(request)

    def sign_in(self) -> None:
        """Sign somebody in, and go on with what was asked."""
        told = self.form()
        known = USERS.get(told.get("email", ""))
        if known is None or known[0] != told.get("password"):
            self._page("wrong", 403)
            return
        sid = secrets.token_urlsafe(16)
        self.memory.sessions[sid] = known[1]
        to = told.get("to", "")
        to = to if to.startswith("/in/") else "/"
        self.reply(303, {}, {"Location": to, "Set-Cookie": f"sid={sid}; Path=/; HttpOnly"})

    def _error_of(self, told: dict[str, str]) -> str | None:
        """Return what is wrong with a request whose answer may go back; None for nothing."""
        if told.get("response_type") != "code":
            return "unsupported_response_type"
        challenge, method = told.get("code_challenge"), told.get("code_challenge_method")
        if not challenge:
            return None if self.makes("challenge optional") else "invalid_request"
        if method != "S256" and not (self.makes("plain") and method in {None, "plain"}):
            return "invalid_request"
        if not set(told.get("scope", "").split()) <= set(SCOPES):
            return "invalid_scope"
        is_here = told.get("resource", self.mcp) == self.mcp
        is_taken = self.makes("resource unread") or self.makes("resource at exchange")
        return None if is_here or is_taken else "invalid_target"

    # -- answers -----------------------------------------------------------------------------------

    def _approve(self, request: Request) -> None:
        tenant = self.memory.sessions[request.session]
        code = self.memory.code_for(request, tenant)
        self._send_back(request.redirect, request.state, code=code)

    def _send_back(self, redirect: str, state: str, **told: str) -> None:
        """Send the browser back to a client."""
        told |= {"state": state} if state else {}
        is_silent = "error" in told and self.makes("no iss in errors")
        if not is_silent and not self.makes("no iss"):
            told["iss"] = f"{self.issuer}{'/' if self.makes('another iss') else ''}"
        mark = "&" if "?" in redirect else "?"
        self.reply(302, {}, {"Location": f"{redirect}{mark}{urlencode(told)}"})

    def _complain(self, words: str, told: dict[str, str], redirect: str) -> None:
        """Tell the user what is wrong, and send nobody anywhere."""
        if redirect:
            self._send_back(redirect, told.get("state", ""), error="invalid_request")
        else:
            self._page(f"<p>{words}</p>", 400)

    def give(self) -> None:
        """Give tokens."""
        told = self.form()
        acts = {"authorization_code": self.memory.exchange, "refresh_token": self.memory.renew}
        try:
            self.reply(200, acts[told.get("grant_type", "")](told), {"Cache-Control": "no-store"})
        except KeyError:
            self.reply(400, {"error": "unsupported_grant_type"})
        except Refused as why:
            self.reply(400, {"error": str(why)})

    def _page(self, words: str, status: int = 200) -> None:
        data = f'<!doctype html><html lang="en"><body>{words}</body></html>'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if not self.makes("framed"):
            self.send_header("Content-Security-Policy", _KEPT)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_SIGN_IN = (
    '<form method="post" action="/in/sign"><input type="hidden" name="to" value="{to}">'
    '<input name="email"><input type="password" name="password"><button>Sign in</button></form>'
)


def _is_wrong(told: dict[str, str]) -> bool:
    return told.get("response_type") != "code" or not told.get("code_challenge")


def server_of(*mistakes: str, offset: Path | None = None, **terms: Any) -> type[Authorizes]:
    """Return an authorization server that makes some mistakes, or none."""
    memory = Memory(frozenset(filter(None, mistakes)), offset, **terms)
    return type("Authorizes", (Authorizes,), {"memory": memory})
