"""The server's commands: `serve`, `demo`, what an operator runs beside them, and `proxy-word`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.audit.verification import Verdict

from reference_server.commands.clients import (
    add_client_options,
    add_removal_options,
    register_client,
    remove_client,
)
from reference_server.commands.command_line import (
    add_anchors_option,
    add_database_options,
    add_demo_options,
    add_dump_options,
    add_programs_option,
    add_verify_options,
    run_reporting,
)
from reference_server.commands.configuration import (
    add_settings_options,
    settings_from,
    show_settings,
)
from reference_server.commands.proxy_word import add_proxy_options, tell_word
from reference_server.commands.touched import add_touched_options, tell_touched
from reference_server.commands.vault import add_rotation_options, rotate_vault_key

EXIT_BROKEN = 1
"""What `verify-audit` ends with when the trail is not the one that was written."""


def main(words: list[str] | None = None) -> int:
    """Run one command; return its exit code.

    1 broken trail, 2 configuration, 3 database, 4 migration or dump.
    """
    arguments = _parser().parse_args(words)
    return run_reporting(lambda: int(arguments.command(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference_server",
        description="Hallmark's reference server. COMMAND --help shows a command's options.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="run everything, PostgreSQL included, until Ctrl-C")
    add_demo_options(demo)
    demo.add_argument(
        "--everything",
        action="store_true",
        help="also offer what the official conformance runner asks for by name",
    )
    demo.set_defaults(command=_demo)

    serve = commands.add_parser(
        "serve",
        help="run in production, with your settings, secrets and database",
        description="Serve in production, over plain HTTP: leave TLS to a proxy in front.",
    )
    add_settings_options(serve)
    serve.add_argument(
        "--check-settings",
        action="store_true",
        help="show what would be used, and from where, then stop",
    )
    serve.set_defaults(command=_serve)

    migrate = commands.add_parser(
        "migrate", help="update the database to the schema of this release"
    )
    add_database_options(migrate)
    add_dump_options(migrate)
    migrate.set_defaults(command=_migrate)

    restore = commands.add_parser(
        "restore", help="restore the dump taken before a failed migration"
    )
    add_database_options(restore)
    add_programs_option(restore)
    restore.add_argument("dump", type=Path, help="the dump file that migrate named")
    restore.set_defaults(command=_restore)

    seed = commands.add_parser(
        "seed-tenant", help="add a tenant and print its first key, which is shown only once"
    )
    add_database_options(seed)
    seed.add_argument("name", help="what to call the tenant")
    seed.set_defaults(command=_seed_tenant)

    client = commands.add_parser(
        "register-client",
        help="add an OAuth client; its secret, if it has one, is shown only once",
        description="Users are not warned of it as of one that registered itself.",
    )
    add_client_options(client)
    client.set_defaults(command=register_client)

    removal = commands.add_parser(
        "remove-client", help="remove an OAuth client, and end what users granted to it"
    )
    add_removal_options(removal)
    removal.set_defaults(command=remove_client)

    rotation = commands.add_parser(
        "rotate-vault-key",
        help="make a new CREDENTIAL_KEK and wrap all secrets of tenants under it",
        description="Run it while the servers run. What was broken off goes on where it was; "
        "the key before stays for whoever is about to use it, until the next time.",
    )
    add_rotation_options(rotation)
    rotation.set_defaults(command=rotate_vault_key)

    verify = commands.add_parser(
        "verify-audit", help="check the audit trail; exit 1 if it was tampered with"
    )
    add_verify_options(verify)
    verify.set_defaults(command=_verify_audit)

    repair = commands.add_parser(
        "repair-audit",
        help="put a broken audit trail right, and keep what is taken out of it as evidence",
        description="Run it as the owner while the server is stopped. What is no link of the chain "
        "goes to the table audit_set_aside, and a row of the trail tells of it.",
    )
    add_database_options(repair)
    add_anchors_option(repair)
    repair.set_defaults(command=_repair_audit)

    asked = commands.add_parser(
        "touched", help="tell what a key, session, token, subject, address or tenant touched"
    )
    add_touched_options(asked)
    asked.set_defaults(command=tell_touched)

    word = commands.add_parser(
        "proxy-word", help="print the header by which a proxy speaks for a caller, good once"
    )
    add_proxy_options(word)
    word.set_defaults(command=tell_word)
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    from reference_server.demo.run import run_demo
    from reference_server.variant import HEALTHY

    variant = HEALTHY
    if arguments.everything:
        from reference_server.demo.everything import everything

        variant = everything()
    return run_demo(arguments.state, arguments.port, variant)


def _serve(arguments: argparse.Namespace) -> int:
    if arguments.check_settings:
        return show_settings(arguments)
    from reference_server.serving.production import run_production
    from reference_server.variant import HEALTHY

    return run_production(settings_from(arguments), HEALTHY)


def _migrate(arguments: argparse.Namespace) -> int:
    from reference_server.commands.operations import Dumping, migrate_database, migrate_with_dump

    if arguments.no_dump:
        migrate_database(arguments.database, arguments.secrets)
        return 0
    options = ["--database", arguments.database, "--secrets", str(arguments.secrets.absolute())]
    if arguments.pg_bin is not None:
        options += ["--pg-bin", str(arguments.pg_bin.absolute())]
    restore = (sys.executable, "-m", "reference_server", "restore", *options)
    dumping = Dumping(arguments.dump_dir, arguments.pg_bin, restore)
    dump = migrate_with_dump(arguments.database, arguments.secrets, dumping)
    sys.stdout.write(f"migrated; as it was before: {dump}\n")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from reference_server.commands.operations import restore_database

    restore_database(arguments.database, arguments.secrets, arguments.dump, arguments.pg_bin)
    return 0


def _seed_tenant(arguments: argparse.Namespace) -> int:
    from reference_server.commands.operations import seed_tenant

    tenant = seed_tenant(arguments.database, arguments.secrets, arguments.name)
    sys.stdout.write(
        json.dumps({"tenantId": str(tenant.tenant_id), "apiKey": tenant.api_key}) + "\n"
    )
    return 0


def _verify_audit(arguments: argparse.Namespace) -> int:
    from reference_server.commands.operations import Told, verify_audit

    told = Told(arguments.expect, arguments.anchors)
    return tell(verify_audit(arguments.database, arguments.secrets, told))


def _repair_audit(arguments: argparse.Namespace) -> int:
    from reference_server.commands.operations import Told, repair_audit

    told = Told(anchors=arguments.anchors)
    done = repair_audit(arguments.database, arguments.secrets, told)
    if done is None:
        sys.stdout.write("nothing is broken: nothing was changed\n")
        return 0
    sys.stdout.write(
        f"repaired: {done.complaint}\n"
        f"row {done.head.position} of the trail tells of it; rows set aside, in audit_set_aside: "
        f"{done.rows}\nrestart the server; head {done.head}\n"
    )
    return 0


def tell(verdict: Verdict) -> int:
    """Write what a verification found; return the exit code."""
    for repair in verdict.repairs:
        sys.stdout.write(
            f"row {repair.position} tells of a repair of {repair.moment:%Y-%m-%d %H:%M:%S} UTC, "
            f"rows set aside: {repair.told.get('rows')}: {repair.told.get('because')}\n"
        )
    if verdict.broken is None:
        sys.stdout.write(f"intact: {verdict.head.position} rows, head {verdict.head}\n")
        return 0
    sys.stdout.write(f"broken: {verdict.broken}\n")
    return EXIT_BROKEN


if __name__ == "__main__":
    sys.exit(main())
