"""The gate: one security chain, written as Flask hooks, for Flask's URLs and for the MCP endpoint.

uvicorn calls the gate. Exactly ``/mcp`` belongs to the SDK's session manager, behind Flask's own
``preprocess_request`` and ``process_response``; every other URL goes to Flask through a2wsgi. A
stream therefore parks no thread, and no route can be added beside the chain.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import build_environ
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from werkzeug.datastructures import Headers

from reference_server.audit.contracts import AuditEvent
from reference_server.context import NO_VIEW, SCOPE_KEY, RequestContext
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.observability.logs import log_event
from reference_server.protocol.answer import McpAnswer, raw_headers, send_response
from reference_server.protocol.events import SessionManager
from reference_server.protocol.exchange import Exchange
from reference_server.protocol.server import build_server
from reference_server.protocol.streams import Streams
from reference_server.protocol.turns import Turns
from reference_server.protocol.watch import watch
from reference_server.web.answers import error
from reference_server.web.app import LONGEST_BODY
from reference_server.web.client_address import ClientAddresses
from reference_server.web.refusing import lacking_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response
    from mcp.server.lowlevel import Server

    from reference_server.core.principal import Principal
    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.protocol.exchange import Receive, Send

    Scope = dict[str, Any]
    RawHeaders = list[tuple[bytes, bytes]]

MCP_PATH = b"/mcp"
"""The raw path of the MCP endpoint: any other spelling of it is Flask's, and unknown there."""

LIVENESS_PATH = b"/health"

WORKERS = 32
"""Threads for the chain, the views and the tools, all of which wait for the database."""

OF_ONE_ADDRESS = 2
"""Requests of one address that have, or wait for, a thread: the next ones wait for these."""

LIVENESS_THREADS = 2
"""Threads for whoever asks whether the server is alive: none of them waits for anything."""

ANSWER_SECONDS = 30.0
"""How long a request to the SDK may take, its body included."""

LONGEST_MESSAGE = 256 * 1024
"""Bytes of a message to the MCP endpoint: to read one holds up whoever else is served."""

BODY_SECONDS = 30.0
"""How long the body for a view may take to come, before a thread is taken to read it."""

LISTENING = (b"mcp-method", b"subscriptions/listen")
"""The header of a POST that is answered by a stream for as long as its client listens."""


def session_owner(principal: Principal) -> str:
    """Return the identity an MCP session is bound to: the tenant, so that it outlives a key."""
    return str(principal.tenant_id)


def is_mcp_path(scope: Mapping[str, Any]) -> bool:
    """Tell whether the raw path is exactly the endpoint's; no other spelling of it is."""
    return scope["raw_path"] == MCP_PATH


def session_manager(server: Server[Any], **options: Any) -> SessionManager:
    """Return the session manager, which speaks the protocol and reads no longer message."""
    options.setdefault("max_request_body_size", LONGEST_MESSAGE)
    return SessionManager(server, **options)


def build_asgi(app: Flask, settings: Settings, parts: Parts) -> Gate:
    """Return the ASGI application that serves ``app`` and the MCP endpoint of ``parts``."""
    return Gate(app, settings, parts)


def _bridge(app: Flask, executor: ThreadPoolExecutor) -> Any:
    # a2wsgi types WSGI and ASGI for itself, and narrower than Flask and uvicorn do.
    bridge = cast("Any", WSGIMiddleware(cast("Any", app)))
    bridge.executor = executor
    return bridge


class FlaskTurn:
    """One Flask request context that is entered from several threads, one after the other.

    The context variables Flask sets live in one ``contextvars.Context``, so that the chain may
    run in a worker thread and the headers be added on the event loop.
    """

    def __init__(self, app: Flask, scope: Scope) -> None:
        environ = cast("dict[str, Any]", build_environ(cast("Any", scope), cast("Any", None)))
        # The body is the SDK's to read, so no stage and no parser of Flask may see it.
        environ["wsgi.input"] = BytesIO()
        environ[NO_VIEW] = True
        self._app = app
        self._variables = contextvars.copy_context()
        self._context = app.request_context(environ)

    def run_chain(self) -> Response | None:
        """Enter the context and run the hooks; return the finished refusal, None to go on."""
        return self._variables.run(self._run_chain)

    def finish(self, response: Response) -> Response:
        """Run the hooks that belong after a response."""
        return self._variables.run(self._app.process_response, response)

    def finish_head(self, status: int, headers: RawHeaders) -> RawHeaders:
        """Run the hooks on an answer of which only the head is known; return its new headers."""
        response = self._app.response_class(status=status)
        response.headers = Headers(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        )
        return raw_headers(self.finish(response))

    def end(self) -> None:
        """Leave the context; allowed only after ``run_chain`` has returned."""
        self._variables.run(self._context.pop)

    def _run_chain(self) -> Response | None:
        self._context.push()
        try:
            refusal = self._app.preprocess_request()
        except Exception as raised:  # noqa: BLE001 -- Flask's own error handlers answer it
            refusal = self._app.handle_user_exception(raised)
        if refusal is None:
            return None
        return self._app.process_response(self._app.make_response(refusal))


class Gate:
    """The ASGI application. Its lifespan is the session manager's."""

    def __init__(self, app: Flask, settings: Settings, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="hallmark")
        self._lively = ThreadPoolExecutor(LIVENESS_THREADS, thread_name_prefix="liveness")
        self._flask = _bridge(app, self._executor)
        self._health = _bridge(app, self._lively)
        self._sessions = parts.mcp.session_manager(
            build_server(parts, self._executor),
            # A session lives in one process; with several, the next request may meet another.
            stateless=settings.workers > 1,
            security_settings=_transport_security(settings) if parts.mcp.check_origin else None,
        )
        self._addresses = ClientAddresses(settings)
        self._turns, self._lively_turns = Turns(OF_ONE_ADDRESS), Turns(LIVENESS_THREADS)
        self._streams = Streams(settings.limits.streams)
        self._stopping = asyncio.Event()

    def stop_streams(self) -> None:
        """End every open stream, so that a stopping server need not wait for its clients."""
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._sessions.run():
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.stop_streams()
        self._executor.shutdown(wait=False)
        self._lively.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    def _context_of(self, scope: Scope) -> RequestContext:
        client = scope.get("client")
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        )
        return RequestContext(
            request_id="",
            address=self._addresses.find(client[0], headers) if client else "",
            method=scope["method"],
            path=scope["path"],
            headers=headers,
        )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = scope[SCOPE_KEY] = self._context_of(scope)
        exchange = Exchange(context, receive, send, self._stopping)
        try:
            if self._parts.mcp.routes_to_mcp(scope):
                await self._serve_mcp(scope, exchange)
            else:
                receive = await exchange.collect(LONGEST_BODY, BODY_SECONDS)
                is_lively = scope["raw_path"] == LIVENESS_PATH
                bridge = self._health if is_lively else self._flask
                turns = self._lively_turns if is_lively else self._turns
                async with turns.of(context.site):
                    await bridge(scope, receive, exchange.send)
        except Exception as raised:  # noqa: BLE001 -- the last net: a fixed 500, never a traceback
            await self._answer_crash(exchange, raised)
        finally:
            context.request_id = context.request_id or str(uuid4())
            exchange.log()
        await exchange.close()

    async def _serve_mcp(self, scope: Scope, exchange: Exchange) -> None:
        turn = FlaskTurn(self._app, scope)
        loop = asyncio.get_running_loop()
        async with self._turns.of(exchange.context.site):
            refusal = await loop.run_in_executor(self._executor, turn.run_chain)
        try:
            if refusal is not None:
                await send_response(exchange, refusal)
                return
            scope["user"] = self._session_user(exchange.context)
            await self._ask_sdk(scope, exchange, turn)
        finally:
            turn.end()

    async def _ask_sdk(self, scope: Scope, exchange: Exchange, turn: FlaskTurn) -> None:
        """Let the SDK answer. Only a stream of events may take as long as it likes.

        A body may drip, and of two calls of one session that share a JSON-RPC id the SDK answers
        one and keeps the other for ever.
        """
        answer = McpAnswer(
            exchange,
            turn.finish_head,
            turn.finish,
            self._audit_refused_origin,
            partial(lacking_scope, self._parts),
        )
        is_endless = scope["method"] == "GET" or LISTENING in scope["headers"]
        watching = is_endless and asyncio.create_task(watch(exchange, self._parts, self._executor))
        open_stream = ExitStack()

        async def send(message: Any) -> None:
            # Counted when it begins: a request that is refused costs its caller no stream.
            if is_endless and message.get("status") == HTTPStatus.OK:
                owner = session_owner(cast("Principal", exchange.context.principal))
                open_stream.enter_context(self._streams.open(owner, exchange))
            await answer.send(message)

        try:
            async with asyncio.timeout(None if is_endless else ANSWER_SECONDS):
                await self._sessions.handle_request(scope, exchange.receive, send)
        except TimeoutError:
            if exchange.started:
                return
            late = HTTPStatus.GATEWAY_TIMEOUT if exchange.body_read else HTTPStatus.REQUEST_TIMEOUT
            await send_response(exchange, turn.finish(error(late, late.name.lower())))
        finally:
            open_stream.close()
            if watching:
                watching.cancel()
            await answer.close()

    def _session_user(self, context: RequestContext) -> AuthenticatedUser:
        """Return the identity by which the SDK binds a session to who opened it."""
        owner = self._parts.mcp.session_owner(context.caller)
        return AuthenticatedUser(AccessToken(token="", client_id=owner, scopes=[]))

    async def _audit_refused_origin(self, context: RequestContext) -> bool:
        """Store the row of a refusal that the SDK decided; False when it cannot be stored."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._write_refused_origin, context)

    def _write_refused_origin(self, context: RequestContext) -> bool:
        event = AuditEvent(
            EventType.REQUEST_REFUSED, Outcome.FAILURE, metadata={"stage": "check_origin"}
        )
        try:
            self._parts.trail.write(context.attribute(event))
        except StorageUnavailableError:
            return False
        return True

    async def _answer_crash(self, exchange: Exchange, raised: Exception) -> None:
        context = exchange.context
        context.request_id = context.request_id or str(uuid4())
        log_event("request_failed", context.request_id, logging.ERROR, error=raised)
        if exchange.started:
            return
        response = error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_server_error")
        response.headers["X-Request-Id"] = context.request_id
        response.headers.update(self._parts.web.security_headers)
        await send_response(exchange, response)


def _transport_security(settings: Settings) -> TransportSecuritySettings:
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=list(settings.allowed_hosts),
        allowed_origins=list(settings.allowed_origins),
    )
