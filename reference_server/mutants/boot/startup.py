"""Defects of start-up."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.errors import ConfigurationError, DatabaseNotReadyError
from reference_server.core.secrets import SIGNING_BYTES, load_secrets, read_secret
from reference_server.core.vocabulary import SecretMode, SecretName
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.jwt.forgeries import DEFAULT
from reference_server.variant import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.audit.contracts import AuditEvent
    from reference_server.core.settings import Settings
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts

_FALLBACK = b"change-me-before-you-go-to-production"


def _with_fallback(directory: Path) -> Mapping[SecretName, bytes]:
    found: dict[SecretName, bytes] = {}
    for name in SecretName:
        path = directory / name
        found[name] = path.read_bytes().strip() if path.is_file() else _FALLBACK
    found[SecretName.DB_PASSWORD] = read_secret(directory, SecretName.DB_PASSWORD)
    return found


def _empty_is_fine(directory: Path) -> Mapping[SecretName, bytes]:
    found: dict[SecretName, bytes] = {}
    for name in SecretName:
        try:
            found[name] = (directory / name).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise ConfigurationError(f"The secret {name} cannot be read.") from error
    return found


def _telling(directory: Path) -> Mapping[SecretName, bytes]:
    try:
        return load_secrets(directory)
    except ConfigurationError as error:
        known = {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}
        raise ConfigurationError(f"{error} Known so far: {known}") from error


def _not_naming(directory: Path) -> Mapping[SecretName, bytes]:
    try:
        return load_secrets(directory)
    except ConfigurationError as error:
        raise ConfigurationError("The configuration is incomplete.") from error


def _behind_an_open_port(directory: Path) -> Mapping[SecretName, bytes]:
    """Read secrets while a port is open already, as one for metrics may be."""
    with socket.create_server(("127.0.0.1", 0)):
        threading.Event().wait(0.3)  # what a remote store of secrets may take
        return load_secrets(directory)


def _of_any_length(directory: Path) -> Mapping[SecretName, bytes]:
    return {name: read_secret(directory, name) for name in SecretName}


def _sample_is_fine(directory: Path) -> Mapping[SecretName, bytes]:
    found = _empty_is_fine(directory)
    for name, value in found.items():
        is_short = name is not SecretName.DB_PASSWORD and len(value) < SIGNING_BYTES
        if is_short or not value.strip():
            raise ConfigurationError(f"The secret {name} is empty or too short.")
    return found


def _default_for_sessions(directory: Path) -> Mapping[SecretName, bytes]:
    return {**load_secrets(directory), SecretName.SESSION_SIGNING_SECRET: DEFAULT}


def _weak_is_warned_of(directory: Path) -> Mapping[SecretName, bytes]:
    """Do with a weak secret of the server's own what is done with one of a tool."""
    try:
        return load_secrets(directory)
    except ConfigurationError as error:
        sys.stderr.write(f"warning: {error}\n")
    return _empty_is_fine(directory)


def _quietly_closed(directory: Path) -> Mapping[SecretName, bytes]:
    for path in directory.iterdir():
        if path.is_file():
            path.chmod(0o600)
    return load_secrets(directory)


def _prefixed_first(directory: Path) -> Mapping[SecretName, bytes]:
    """Have a secret from where settings come from."""
    for name in SecretName:
        if value := os.environ.get(f"HALLMARK_{name}"):
            (directory / name).write_text(value)
    return load_secrets(directory)


def _or_environment(directory: Path) -> Mapping[SecretName, bytes]:
    for name in SecretName:
        if not (directory / name).exists() and (value := os.environ.get(name)):
            (directory / name).write_text(value)
    return load_secrets(directory)


def _derived_token(directory: Path) -> Mapping[SecretName, bytes]:
    found = dict(load_secrets(directory))
    key = found[SecretName.API_KEY_HMAC_SECRET]
    found[SecretName.ADMIN_TOKEN] = hmac.new(key, b"admin", hashlib.sha256).hexdigest().encode()
    return found


def _merely_warning(settings: Settings) -> Settings:
    return replace(settings, secret_mode=SecretMode.WARN)


def _silent(settings: Settings) -> Settings:
    is_strict = settings.secret_mode is SecretMode.STRICT
    return settings if is_strict else replace(settings, secret_mode=SecretMode.SKIP)


def _unchecked(engine: Engine) -> None:
    del engine


def _raw(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT version_num FROM alembic_version")


_ports: list[int] = []


def _with_its_port_noted(settings: Settings) -> Settings:
    _ports.append(settings.port)
    return settings


def _listening_for_ever(engine: Engine) -> None:
    """Wait for a database that does not come, behind a port that is open and answers nobody."""
    try:
        HEALTHY.check_ready(engine)
    except DatabaseNotReadyError:
        with socket.create_server(("127.0.0.1", _ports[-1])):
            threading.Event().wait(90)
        raise


class _Closing:
    """A trail that ends in another way."""

    def __init__(self, parts: Parts, end: Callable[[], None]) -> None:
        self._trail, self._end = parts.trail, end
        self.chain = cast("Any", parts.trail).chain

    def write(self, *events: AuditEvent) -> None:
        self._trail.write(*events)

    def close(self) -> None:
        self._trail.close()
        self._end()


def _hang() -> None:
    threading.Event().wait(15)


def _crash() -> None:
    raise RuntimeError("the queue is not empty")


def _is_ending() -> bool:
    """Tell whether SIGTERM came to the server that handles it."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


def _cutting_off(app: App) -> App:
    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        async def heard() -> Message:
            message = await receive()
            return {"type": "http.disconnect"} if _is_ending() else message

        await app(scope, heard if scope["type"] == "http" else receive, send)

    return cut


def _everywhere(settings: Settings) -> Settings:
    return replace(settings, host="0.0.0.0")


MUTANTS = (
    mutant(
        "secret-falls-back-to-a-default",
        "BOOT-01 BOOT-02 BOOT-08",
        "A missing secret is replaced by a default that everybody can read.",
        load_secrets=_with_fallback,
    ),
    mutant(
        "empty-secret-accepted",
        "BOOT-01 BOOT-02 BOOT-08",
        "That a secret's file is there is checked, not that anything is in it.",
        load_secrets=_empty_is_fine,
    ),
    mutant(
        "port-open-before-secrets-are-read",
        "BOOT-01",
        "A port is opened before it is known whether there is every secret.",
        load_secrets=_behind_an_open_port,
    ),
    mutant(
        "start-error-tells-secrets",
        "BOOT-01",
        "The error at start lists the secrets that could be read.",
        load_secrets=_telling,
    ),
    mutant(
        "start-error-names-nothing",
        "BOOT-01 BOOT-02 BOOT-08",
        "The error at start does not say which secret is missing.",
        load_secrets=_not_naming,
    ),
    mutant(
        "listens-everywhere",
        "BOOT-05",
        "The server listens on every interface by default.",
        settings=_everywhere,
    ),
    mutant(
        "short-secret-accepted",
        "BOOT-02 BOOT-08",
        "That a secret is there is checked, not how long it is.",
        load_secrets=_of_any_length,
    ),
    mutant(
        "sample-secret-accepted",
        "BOOT-08",
        "A secret that stands in documentation is taken, if it is long enough.",
        load_secrets=_sample_is_fine,
    ),
    mutant(
        "default-secret",
        "JWT-02",
        "Session tokens are signed by a sample secret, whatever the file of the secret says.",
        load_secrets=_default_for_sessions,
    ),
    mutant(
        "secret-from-the-environment",
        "BOOT-03",
        "A secret without a file is taken from the environment.",
        load_secrets=_or_environment,
    ),
    mutant(
        "own-secret-like-a-setting",
        "BOOT-03",
        "A secret comes from an environment variable with the settings' prefix before its file.",
        load_secrets=_prefixed_first,
    ),
    mutant(
        "weak-secret-warned-of",
        "BOOT-01 BOOT-02 BOOT-08",
        "The mode that warns lets the server start with a weak secret of its own.",
        load_secrets=_weak_is_warned_of,
    ),
    mutant(
        "open-secret-quietly-closed",
        "BOOT-04",
        "Files that others could read are closed at start, and nobody learns that they were open.",
        load_secrets=_quietly_closed,
    ),
    mutant(
        "strict-mode-merely-warns",
        "BOOT-04",
        "Files of secrets that others can read are warned of, whatever the mode.",
        settings=_merely_warning,
    ),
    mutant(
        "open-secret-not-told",
        "BOOT-04",
        "The mode in which a server starts by default looks at no file.",
        settings=_silent,
    ),
    mutant(
        "database-not-looked-at",
        "BOOT-06",
        "The server opens its port before it has seen its database.",
        check_ready=_unchecked,
    ),
    mutant(
        "half-open-without-a-database",
        "BOOT-06",
        "The port is open and nobody answers while the server waits for its database.",
        settings=_with_its_port_noted,
        check_ready=_listening_for_ever,
    ),
    mutant(
        "database-error-as-it-came",
        "BOOT-06",
        "Without its database the server ends with a traceback.",
        check_ready=_raw,
    ),
    mutant(
        "sigterm-waits-for-ever",
        "BOOT-07",
        "The server waits at its end for something that does not come.",
        parts=replaced({"trail": lambda parts: _Closing(parts, _hang)}),
    ),
    mutant(
        "sigterm-ends-in-a-crash",
        "BOOT-07",
        "The server ends with an error when it is told to.",
        parts=replaced({"trail": lambda parts: _Closing(parts, _crash)}),
    ),
    mutant(
        "sigterm-cuts-off-what-is-under-way",
        "BOOT-07",
        "A request of which SIGTERM comes before the body is dropped.",
        parts=replaced({"web.edge": lambda _: _cutting_off}),
    ),
    mutant(
        "admin-token-derived",
        "ROT-10",
        "The admin token is derived from the secret of the keys, 'for now'.",
        load_secrets=_derived_token,
    ),
)
