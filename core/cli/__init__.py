"""The `kehu` command. Each command lives in a module that is imported only when it runs."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

import click

# name: (module of this package, one line of help)
COMMANDS = {
    "audit": ("audit", "Check the audit chain."),
    "db": ("db", "Upgrade the database, see where it stands, write migrations."),
    "demo": ("demo", "Load believable data to try Kehu with."),
    "doctor": ("doctor", "Say what is wrong with this installation and what to do."),
    "export": ("export", "Export records into a CSV or XLSX file."),
    "import": ("transfer", "Import records from a CSV or XLSX file."),
    "init": ("init", "Set up a site: ini file, database, administrator."),
    "job": ("job", "List the jobs, or run one now."),
    "plugin": ("plugin", "Switch a plugin on or off."),
    "plugins": ("plugins", "List the plugins that are installed."),
    "search": ("search", "Build the search index anew."),
    "serve": ("serve", "Serve the site."),
    "token": ("token", "Make, list and end API tokens."),
    "user": ("user", "Add people, set passwords."),
    "worker": ("worker", "Run background jobs."),
}


class Commands(click.Group):
    """Knows the names without importing the commands: `kehu --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"core.cli.{COMMANDS[name][0]}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        from plugins.errors import did_you_mean

        if args and args[0] not in COMMANDS:
            ctx.fail(f"no such command: {args[0]}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_module, line) in sorted(COMMANDS.items())])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-c", "--config", metavar="FILE", help="The ini file (default: kehu.ini, then $KEHU_INI).")
@click.version_option(package_name="kehu", prog_name="kehu")
@click.pass_context
def kehu(ctx: click.Context, config: str | None) -> None:
    """Kehu, the open CRM."""
    ctx.obj = config


def main() -> None:
    """Run a command: exit 0 on success, 2 on wrong usage, 1 on failure with one sentence on stderr."""
    # Pyramid and deform still import it; whoever runs a command cannot mend that.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    try:
        code = kehu.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as wrong:
        wrong.show()
        sys.exit(2)
    except click.ClickException as failed:
        failed.show()
        sys.exit(1)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from core.cli.failures import sentence

        click.echo(f"kehu: {sentence(error)}", err=True)
        sys.exit(1)
