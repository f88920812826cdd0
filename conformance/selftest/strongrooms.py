"""A server of another make that keeps secrets: boxes of JSON, in a table or in files of a folder.

As a program, ``serve`` starts one more, and ``rotate`` turns the lock while others serve. What it
is to do wrong stands in the file that either is given.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql
from psycopg.conninfo import make_conninfo

from conformance.selftest.targets import Good

if TYPE_CHECKING:
    from typing import LiteralString

    Box = dict[str, str]

TRACE = "X-Trace"
SPARE = "what-everybody-has"
_NONCE = 12
_SCHEMA = """
DROP SCHEMA IF EXISTS strongroom CASCADE;
DROP ROLE IF EXISTS strongroom;
CREATE SCHEMA strongroom;
CREATE TABLE strongroom.boxes (holder text PRIMARY KEY, box {kind} NOT NULL);
ALTER TABLE strongroom.boxes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON strongroom.boxes USING (holder = current_setting('strongroom.holder', true));
CREATE TABLE strongroom.doings (
    n bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    doing text NOT NULL, holder text NOT NULL, ended text NOT NULL, trace text NOT NULL
);
CREATE ROLE strongroom LOGIN PASSWORD {password};
GRANT USAGE ON SCHEMA strongroom TO strongroom;
GRANT SELECT, INSERT, UPDATE, DELETE ON strongroom.boxes TO strongroom;
GRANT INSERT ON strongroom.doings TO strongroom;
"""


class JammedError(Exception):
    """A box that is there cannot be opened."""


@dataclass(frozen=True)
class Lock:
    """The keys that lock boxes: files of a folder, one of which says which is used now."""

    folder: Path

    @property
    def current(self) -> str:
        """The name of the key that is used now."""
        return (self.folder / "current").read_text("utf-8")

    def key(self, name: str) -> bytes:
        """Return a key. JammedError where there is none of that name."""
        path = self.folder / f"{name}.key"
        if not name.isalnum() or not path.exists():
            raise JammedError(name)
        return path.read_bytes()

    def turn(self) -> None:
        """Have a new key used from now on."""
        name = uuid.uuid4().hex
        (self.folder / f"{name}.key").write_bytes(os.urandom(32))
        draft = self.folder / "next"
        draft.write_text(name, "utf-8")
        draft.replace(self.folder / "current")


@dataclass(frozen=True)
class Strongroom:
    """Locks and opens boxes; ``mistake`` says what it does wrong, if anything."""

    lock: Lock
    mistake: str = ""
    known: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def locked(self, holder: str, text: str) -> Box:
        """Return a new box of a holder's."""
        key, nonce = os.urandom(32), os.urandom(_NONCE)
        held = _streamed(key, nonce, text.encode())
        if self.mistake != "opens anything":
            held = AESGCM(key).encrypt(nonce, text.encode(), self._about(holder))
        return {"iv": _text(nonce), "ct": _text(held), **self.wrapped(holder, key)}

    def wrapped(self, holder: str, key: bytes) -> Box:
        """Return the members of a box that hold its key."""
        name, nonce = self.lock.current, os.urandom(_NONCE)
        wrapped = nonce + self._cipher(name).encrypt(nonce, key, self._about(holder))
        return {"kek": name, "edk": _text(key if self.mistake == "leaves the key" else wrapped)}

    def unwrapped(self, holder: str, box: Box) -> bytes:
        """Return the key of a box. JammedError for one that is another holder's, or changed."""
        found = _bytes(box["edk"])
        if self.mistake == "leaves the key":
            return found
        try:
            cipher = self._cipher(box["kek"])
            return cipher.decrypt(found[:_NONCE], found[_NONCE:], self._about(holder))
        except (InvalidTag, ValueError) as error:
            raise JammedError("key") from error

    def opened(self, holder: str, box: Box) -> str:
        """Return what a box holds. JammedError as above."""
        key, nonce, held = self.unwrapped(holder, box), _bytes(box["iv"]), _bytes(box["ct"])
        if self.mistake == "opens anything":
            return _streamed(key, nonce, held).decode("latin-1")
        try:
            return AESGCM(key).decrypt(nonce, held, self._about(holder)).decode()
        except (InvalidTag, ValueError) as error:
            raise JammedError("box") from error

    def _about(self, holder: str) -> bytes:
        return b"" if self.mistake == "asks nobody" else holder.encode()

    def _cipher(self, name: str) -> AESGCM:
        key = self.lock.key(name)
        if self.mistake == "remembers its key":
            key = self.known.setdefault("key", key)
        return AESGCM(key)


def _streamed(key: bytes, nonce: bytes, text: bytes) -> bytes:
    mode = modes.CTR(nonce.ljust(16, b"\0"))
    return Cipher(algorithms.AES(key), mode).encryptor().update(text)


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise JammedError("text") from error


class Boxes(Protocol):
    """Where boxes stand: one of a holder's."""

    def put(self, holder: str, box: Box) -> None:
        """Put a box in the place of the one before."""
        ...

    def find(self, holder: str) -> Box | None:
        """Return a holder's box."""
        ...

    def clear(self, holder: str) -> None:
        """Take a holder's box away."""
        ...


@dataclass(frozen=True)
class Shelf:
    """Boxes in a table, which a holder sees alone."""

    conninfo: str

    def put(self, holder: str, box: Box) -> None:
        """Put it into the holder's row."""
        self._run(
            holder,
            "INSERT INTO strongroom.boxes VALUES (%s, %s) "
            "ON CONFLICT (holder) DO UPDATE SET box = excluded.box",
            (holder, json.dumps(box)),
        )

    def find(self, holder: str) -> Box | None:
        """Return what is in the holder's row."""
        found = self._run(holder, "SELECT box::text FROM strongroom.boxes", ())
        return json.loads(found[0][0]) if found else None

    def clear(self, holder: str) -> None:
        """Delete the holder's row."""
        self._run(holder, "DELETE FROM strongroom.boxes", ())

    def note(self, holder: str, ended: str, trace: str) -> None:
        """Add to the trail that a box was opened, or was not."""
        words = (holder, ended, trace)
        self._run(
            holder,
            "INSERT INTO strongroom.doings (doing, holder, ended, trace) "
            "VALUES ('opening', %s, %s, %s)",
            words,
        )

    def _run(self, holder: str, query: LiteralString, words: tuple[str, ...]) -> list[Any]:
        with psycopg.connect(self.conninfo) as connection:
            connection.execute("SELECT set_config('strongroom.holder', %s, true)", (holder,))
            cursor = connection.execute(query, words)
            return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class Drawer:
    """Boxes in files of a folder."""

    folder: Path
    mistake: str = ""

    def put(self, holder: str, box: Box) -> None:
        """Write the holder's file anew, and put it in the place of the one before."""
        path = self.folder / f"{holder}.box"
        draft = path if self.mistake == "writes over" else self.folder / f".{uuid.uuid4().hex}"
        draft.touch(0o644 if self.mistake == "lets all read" else 0o600)
        draft.write_text(json.dumps(box), "utf-8")
        draft.replace(path)

    def find(self, holder: str) -> Box | None:
        """Return what the holder's file has. JammedError where that is no box."""
        path = self.folder / f"{holder}.box"
        if not path.exists():
            return None
        try:
            return json.loads(path.read_bytes())
        except ValueError as error:
            raise JammedError("file") from error

    def clear(self, holder: str) -> None:
        """Remove the holder's file."""
        (self.folder / f"{holder}.box").unlink(missing_ok=True)


class Porter(Good):
    """Serves boxes by a path of theirs, and MCP by any other."""

    room: ClassVar[Strongroom]
    shelf: ClassVar[Shelf]
    boxes: ClassVar[Boxes]

    def answer(self) -> None:
        """Serve one request."""
        if self.path == "/health":
            self.reply(200, {})
        elif not self.path.startswith("/box"):
            super().answer()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            holder = self.tenant()
            if holder is None:
                self.refuse()
            else:
                self.serve(holder, body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def serve(self, holder: str, body: bytes) -> None:
        """Put a box, open it, or take it away."""
        if self.command == "PUT":
            self.boxes.put(holder, self.room.locked(holder, json.loads(body)["text"]))
            self.reply(201, {"box": {"of": holder}})
        elif self.command == "DELETE":
            if self.path == f"/box/{holder}":
                self.boxes.clear(holder)
            self.reply(204, None)
        else:
            self.open(holder)

    def open(self, holder: str) -> None:
        """Tell the digest of what a box holds."""
        trace, is_jammed = uuid.uuid4().hex, False
        try:
            box = self.boxes.find(holder)
            found = None if box is None else self.room.opened(holder, box)
        except (JammedError, KeyError, TypeError):
            found, is_jammed = None, True
        if is_jammed and self.room.mistake == "has a spare":
            found = SPARE
        if found is not None or self.room.mistake != "tells nobody":
            self.shelf.note(holder, "well" if found is not None else "badly", trace)
        if found is None:
            self.reply(500 if is_jammed else 404, {"error": "no box"}, {TRACE: trace})
        else:
            told = hashlib.sha256(found.encode()).hexdigest()
            self.reply(200, {"sha": told}, {TRACE: trace})


def build(owner: str, folder: Path, kind: str = "jsonb", mistake: str = "") -> Path:
    """Make a lock in a folder, and tables anew; return the file of setup for whoever serves."""
    lock = folder / "lock"
    lock.mkdir()
    Lock(lock).turn()
    password = uuid.uuid4().hex
    with psycopg.connect(owner) as connection:
        connection.execute(
            sql.SQL(_SCHEMA).format(kind=sql.Identifier(kind), password=sql.Literal(password))
        )
    app = make_conninfo(owner, user="strongroom", password=password)
    told = {"owner": owner, "app": app, "lock": str(lock), "mistake": mistake}
    setup = folder / "setup.json"
    setup.write_text(json.dumps(told), "utf-8")
    return setup


def porter(setup: Path, folder: Path | None = None, lock: Path | None = None) -> type[Porter]:
    """Return what serves by a file of setup, with boxes in a folder where one is given."""
    told: dict[str, str] = json.loads(setup.read_text("utf-8"))
    mistake, shelf = told["mistake"], Shelf(told["app"])
    room = Strongroom(Lock(lock or Path(told["lock"])), mistake)
    boxes = shelf if folder is None else Drawer(folder, mistake)
    return type("Porter", (Porter,), {"room": room, "shelf": shelf, "boxes": boxes})


def rotate(setup: Path) -> None:
    """Turn the lock, and have the key of each box wrapped anew."""
    told: dict[str, str] = json.loads(setup.read_text("utf-8"))
    if told["mistake"] == "turns nothing":
        return
    room = Strongroom(Lock(Path(told["lock"])))
    room.lock.turn()
    with psycopg.connect(told["owner"]) as connection:
        rows = connection.execute("SELECT holder, box::text FROM strongroom.boxes FOR UPDATE")
        for holder, text in rows.fetchall():
            box: Box = json.loads(text)
            box |= room.wrapped(holder, room.unwrapped(holder, box))
            words = (json.dumps(box), holder)
            connection.execute("UPDATE strongroom.boxes SET box = %s WHERE holder = %s", words)


def main() -> None:
    """Serve, or rotate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("act", choices=["serve", "rotate"])
    parser.add_argument("setup", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--lock", type=Path)
    parser.add_argument("--folder", type=Path)
    told = parser.parse_args()
    if told.act == "rotate":
        rotate(told.setup)
        return
    kind = porter(told.setup, told.folder, told.lock)
    with ThreadingHTTPServer(("127.0.0.1", told.port), kind) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
