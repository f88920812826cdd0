"""The demo: a whole deployment in one command, which leaves nothing behind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference_server.core.settings import Limits, Settings
from reference_server.core.vocabulary import Role, SecretName, Tier
from reference_server.demo.commands import (
    operator_command,
    serve_command,
    several_workers,
    tapped,
    unusable_databases,
)
from reference_server.demo.delivery import DemoDelivery
from reference_server.demo.gates import gates
from reference_server.demo.issuer import CLIENT_SECRET, CLOCK, DemoIssuer
from reference_server.demo.mail import DOMAIN, DemoMail
from reference_server.demo.ports import free_port
from reference_server.demo.postgres import Cluster
from reference_server.demo.secret_files import operator_secrets, server_secrets, write_secrets
from reference_server.demo.signals import end_on_signals, ignore_signals, signals_held
from reference_server.demo.state import check_writable, remove_state, write_state
from reference_server.demo.valkey import Valkey
from reference_server.demo.vault import fill_vault, told_of_vault
from reference_server.serving.production import start_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.demo.database import DemoDatabase
    from reference_server.demo.seed import SeededTenant
    from reference_server.demo.sessions import ToldOfSessions
    from reference_server.keys.contracts import KeyHasher
    from reference_server.variant import Variant

FOR_DATABASE = ("reference_server.demo.database", "reference_server.demo.seed", "alembic.command")
FOR_SERVING = ("reference_server.wiring", "reference_server.serving.serve")
"""What is imported while PostgreSQL is busy: both take long, and there is more than one core."""

PAGE_SIZE = 2
"""Small, so that three metrics make two pages."""

OWN_ADDRESS = "127.0.0.9"
"""One of loopback that nothing else of the demo has."""


def run_demo(state: Path, port: int, variant: Variant) -> int:
    """Start everything, write the state file once the port answers, serve until told to stop.

    Returns the exit code. ConfigurationError and DatabaseNotReadyError as from ``serve``.
    """
    check_writable(state)
    with contextlib.ExitStack() as stack:
        end_on_signals(stack)
        with signals_held():  # between a folder's making and its keeping, one would be left behind
            folder = _make_folder(stack, state)
            cluster = stack.enter_context(Cluster((folder,), naming=state))
            stack.callback(ignore_signals)
        redis = start_valkey(stack, cluster.folder)
        database = _start(cluster, variant)
        return Demo(state, port, variant, folder, redis).serve(database)


@dataclass(frozen=True)
class Seeded:
    """What the database has in it; the last two as the state file tells them."""

    tenants: dict[str, SeededTenant]
    people: dict[str, Any]
    client: dict[str, str]


@dataclass(frozen=True)
class Demo:
    """One run of the demo, and where its files are. ``folder`` is empty and its own."""

    state: Path
    port: int
    variant: Variant
    folder: Path
    redis: str | None
    limits: Limits = field(default_factory=Limits)

    @property
    def secrets_dir(self) -> Path:
        """What the server is given."""
        return self.folder / "secrets"

    @property
    def operator_dir(self) -> Path:
        """What an operator's machine holds beside the server's secrets: the other passwords."""
        return self.folder / "operator"

    @property
    def log_file(self) -> Path:
        """Where the server writes its log."""
        return self.folder / "server.log"

    @property
    def clock_file(self) -> Path:
        """What moves the server's clock."""
        return self.folder / CLOCK

    @property
    def anchors_file(self) -> Path:
        """Where the server notes the heads of its trail: a database's owner has no files here."""
        return self.folder / "audit-anchors.jsonl"

    @cached_property
    def delivery(self) -> DemoDelivery:
        """Its plugin, and what that calls."""
        return DemoDelivery(self.folder)

    @cached_property
    def mail(self) -> DemoMail:
        """Its mail provider."""
        return DemoMail(self.folder)

    @cached_property
    def chosen_port(self) -> int:
        """Where the server listens: its issuer has to know before it does."""
        return self.port or free_port()

    @cached_property
    def issuer(self) -> DemoIssuer:
        """The issuer that it trusts."""
        return DemoIssuer(self.folder, self.chosen_port)

    @cached_property
    def fetch_origin(self) -> str:
        """Where tools may fetch from besides the public internet; nobody listens there yet."""
        return _own_origin()

    @cached_property
    def document_origin(self) -> str:
        """Where documents of OAuth clients may be fetched from besides it; nobody listens there."""
        return _own_origin()

    def serve(self, database: DemoDatabase) -> int:
        """Write the secrets, fill the database, and serve as ``run_demo`` does."""
        client = {CLIENT_SECRET: self.issuer.client_secret.encode()}
        of_others = client | self.mail.secrets
        write_secrets(self.secrets_dir, server_secrets(database) | of_others)
        write_secrets(self.operator_dir, operator_secrets(database))
        with self.delivery.running(), self.issuer.running(), self.mail.running():
            return self._serve(database)

    def _serve(self, database: DemoDatabase) -> int:
        from reference_server.audit.anchors import AnchorFile, check_anchored
        from reference_server.core.clock import FileClock
        from reference_server.demo.sessions import told_of_sessions
        from reference_server.serving.serve import bind, serve
        from reference_server.wiring import build_parts

        settings = self.variant.settings(
            Settings(
                database=database.url(Role.APP),
                secrets_dir=self.secrets_dir,
                port=self.chosen_port,
                log_file=self.log_file,
                audit_anchors=self.anchors_file,
                audit_anchor_seconds=1,
                limits=self.limits,
                page_size=PAGE_SIZE,
                fetch_origins=(self.fetch_origin,),
                issuers=self.issuer.definitions,
                plugins=self.delivery.definitions,
                plugin_secrets=self.delivery.secrets,
                client_documents=(self.document_origin,),
                mail_domain=DOMAIN,
                mail_api=self.mail.url,
            )
        )
        listener = bind(settings)  # at once, for the port is part of the server's public name
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = dataclasses.replace(settings, public_url=origin)
        loaded = self.variant.load_secrets(self.secrets_dir)
        clock = FileClock(self.clock_file)
        engine = database.engine(Role.APP, settings.pool_size)
        try:
            check_anchored(engine, AnchorFile(self.anchors_file, database.chain), clock)
            parts = self.variant.parts(build_parts(settings, loaded, engine, clock))
            start_logging(settings, parts)
            seeded = self._seed(database, parts.keys.hasher)
            fill_vault(parts, seeded.tenants.values())
            told = told_of_sessions(settings, loaded, engine, clock, seeded.tenants)
            announce = self._announce(database, loaded, told, seeded)
            return serve(settings, parts, announce, listener)
        finally:
            listener.close()
            engine.dispose()

    def _seed(self, database: DemoDatabase, hasher: KeyHasher) -> Seeded:
        from reference_server.audit.trail import SqlAuditTrail
        from reference_server.core.clock import FileClock
        from reference_server.demo.people import seed_client, seed_people
        from reference_server.demo.seed import Seeder
        from reference_server.identity.members import SqlMembers
        from reference_server.oauth.registrar import ClientRegistrar
        from reference_server.observability.redaction import TokenRedactor

        owner = database.engine(Role.ADMIN)
        clock = FileClock(self.clock_file)
        written = SqlAuditTrail(owner, clock, TokenRedactor(), database.chain)
        with contextlib.closing(written) as trail:
            seeder = Seeder(owner, hasher, clock, trail)
            tenants = {
                label: seeder.seed(f"Tenant {label.upper()}", self.issuer.tenant(label))
                for label in ("a", "b", "spare")
            }
            client = seed_client(ClientRegistrar(owner, clock, trail))
        people = seed_people(SqlMembers(owner), self.issuer)
        owner.dispose()
        return Seeded(tenants, people, client)

    def _announce(
        self,
        database: DemoDatabase,
        loaded: Mapping[SecretName, bytes],
        told: ToldOfSessions,
        seeded: Seeded,
    ) -> Callable[[int], None]:
        from reference_server.demo.database import DRILL

        drill = dataclasses.replace(database, name=DRILL)
        command = partial(serve_command, self.variant, self.limits)
        state = {
            "pid": os.getpid(),
            "tenants": {
                label: dataclasses.asdict(tenant)
                | told.tenants[label]
                | {"credentials": self.delivery.give(tenant.id)}
                for label, tenant in seeded.tenants.items()
            },
            "world": {**self.delivery.told(), "issuer": self.issuer.told(), **self.mail.told()},
            "people": seeded.people,
            "signing": told.signing,
            "proxy": told.proxy,
            "limits": dataclasses.asdict(self.limits),
            "rates": {tier.value: self.limits.tenant_requests_of(tier) for tier in Tier},
            "admin_token": loaded[SecretName.ADMIN_TOKEN].decode(),
            "database": {
                "app": database.dsn(Role.APP),
                "auditor": database.dsn(Role.AUDITOR),
                "owner": database.dsn(Role.ADMIN),
                "drill_owner": drill.dsn(Role.ADMIN),
                "drill_reader": drill.dsn(Role.AUDITOR),
            },
            "fetch_origin": self.fetch_origin,
            "authorization": {
                "document_origin": self.document_origin,
                "origins": [self.issuer.url],
                "cookie": told.signing["cookie"],
                "client": seeded.client,
            },
            "log_file": str(self.log_file),
            "clock_file": str(self.clock_file),
            "launch": {
                "command": command(database.url(Role.APP)),
                "secrets_dir": str(self.secrets_dir),
                "tapped": command(tapped(database.url(Role.APP))),
                "several_workers": several_workers(self.redis),
                "unusable_databases": unusable_databases(command, database),
            },
            "operations": {
                "secrets_dir": str(self.operator_dir),
                "verify_audit": [
                    *operator_command(
                        "verify-audit", database.url(Role.AUDITOR), self.operator_dir
                    ),
                    "--anchors",
                    str(self.anchors_file),
                ],
                "trail_tables": ["audit_head"],
                "alarm": [],  # who finds its trail set back refuses
                "failing_migration": [
                    *operator_command("migrate", drill.url(Role.ADMIN), self.operator_dir),
                    "--dump-dir",
                    str(self.folder / "dumps"),
                ],
            },
            "vault": told_of_vault(self, database),
            "repository": gates(),
        }

        def announce(port: int) -> None:
            ready: dict[str, Any] = {"url": f"http://127.0.0.1:{port}/mcp", **state}
            write_state(self.state, self.variant.state(ready))

        return announce


def _start(cluster: Cluster, variant: Variant) -> DemoDatabase:
    """Start the cluster and create the database while the heavy modules load."""
    with ThreadPoolExecutor(1, thread_name_prefix="cluster") as executor:
        started = executor.submit(cluster.start)
        for name in FOR_DATABASE:
            import_module(name)

        from reference_server.demo.database import DemoDatabase

        database = DemoDatabase(cluster)

        def create() -> None:
            started.result()  # on the same thread, so it has ended; its error is ours
            database.create()
            database.copy_for_drill()  # before a variant bends what is copied
            database.run_as_superuser(variant.sql)

        created = executor.submit(create)
        for name in FOR_SERVING:
            import_module(name)
        created.result()
    return database


def start_valkey(stack: contextlib.ExitStack, folder: Path) -> str | None:
    """Return the URL of a store for limits that processes share; None where none can be started."""
    if Valkey.program() is None:
        return None
    try:
        return stack.enter_context(Valkey(folder)).url
    except RuntimeError:
        return None


def _make_folder(stack: contextlib.ExitStack, state: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hallmark-demo-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    # A state file without its server would send a profile to whoever has the port next.
    state.unlink(missing_ok=True)
    stack.callback(remove_state, state, folder)
    return folder


def _own_origin() -> str:
    try:
        port = free_port(OWN_ADDRESS)
    except OSError:  # a system whose loopback has one address: then any port will do
        port = 1
    return f"http://{OWN_ADDRESS}:{port}"
