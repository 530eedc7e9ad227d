"""``python -m tickwell.operator``: stop executions, decide quotas, repair counts and due items, export a tenant."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tickwell.adapters.embedded.migrations.steps import SchemaTooNewError
from tickwell.application.rebuild import Pace
from tickwell.application.stop_switch import OperateStopSwitch
from tickwell.bootstrap.operator import exporting, operator, quota_desk, rebuilding, recounting
from tickwell.domain.errors import TickwellError
from tickwell.domain.instant import iso
from tickwell.domain.quota import NO_LIMIT, Origin, QuotaName, parse_limit
from tickwell.domain.stop import Stop
from tickwell.operator.export import export_to
from tickwell.settings.operator import OperatorSettings
from tickwell.settings.reading import SettingsError, load

_DEFAULT = "default"
_ORIGINS = {
    Origin.OWN: "decided for this tenant",
    Origin.DEFAULT: "the default, as this command's own settings have it",
    Origin.FIXED: "fixed",
}
_EXPLANATION = """\
TICKWELL_ENGINE=embedded (the default) works on TICKWELL_DATA_DIR, beside running servers; TICKWELL_ENGINE=aws on
TICKWELL_TABLE (an export on TICKWELL_BLOB_BUCKET, too), with the credentials and the region that the AWS SDK finds.
Servers notice within 5 seconds.
"""


def main(arguments: Sequence[str]) -> int:
    """Returns 0, or 2 when nothing was done, or an export is not complete; then the reason is on stderr."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.command == "recount":
            return _recount(chosen.tenant)
        if chosen.command == "rebuild":
            return _rebuild(chosen)
        if chosen.command == "export":
            with exporting(load(OperatorSettings)) as export:
                export_to(chosen.output, export, chosen.tenant)
            return 0
        if chosen.command == "quota":
            return _quota(chosen)
        with operator(load(OperatorSettings)) as switch:
            _run(switch, chosen)
    except (SettingsError, SchemaTooNewError, TickwellError, OSError) as error:
        sys.stderr.write(f"tickwell: {error}\n")
        return 2
    return 0


def _run(switch: OperateStopSwitch, chosen: argparse.Namespace) -> None:
    if chosen.command == "stop":
        _say(f"stopped: {_told(switch.stop(chosen.tenant, reason=chosen.reason))}")
    elif chosen.command == "resume":
        ended = switch.resume(chosen.tenant)
        _say("nothing was stopped" if ended is None else f"resumed: {_told(ended)}")
    else:
        stops = switch.stops()
        for stop in stops:
            _say(_told(stop))
        if not stops:
            _say("nothing is stopped")


def _recount(tenant_id: str) -> int:
    with recounting(load(OperatorSettings)) as recount:
        if recount(tenant_id):
            _say(f"recounted: tenant {tenant_id}")
            return 0
    sys.stderr.write(f"tickwell: tenant {tenant_id} was not at rest for a minute; nothing was changed, try again\n")
    return 2


def _rebuild(chosen: argparse.Namespace) -> int:
    pace = Pace(read_units=chosen.read_units, write_units=chosen.write_units)
    with rebuilding(load(OperatorSettings), pace, lambda found: _hear(f"{found.jobs} jobs of one part")) as rebuild:
        done = rebuild(dry_run=chosen.dry_run)
    deed = "nothing was written" if chosen.dry_run else "they are written"
    _say(f"{done.jobs} jobs that may wait, {done.awaited} attempts awaited, {done.missing} due items missing: {deed}")
    return 0


def _quota(chosen: argparse.Namespace) -> int:
    """Decide the figures that are given, and show all."""
    words = {name: getattr(chosen, name.value) for name in QuotaName}
    limits = {
        name: parse_limit(f"--{name.value}", word)
        for name, word in words.items()
        if word is not None and word != _DEFAULT
    }
    forgotten = [name for name, word in words.items() if word == _DEFAULT]
    with quota_desk(load(OperatorSettings)) as desk:
        changes = limits or forgotten
        found = desk.change(chosen.tenant, limits, forgotten=forgotten) if changes else desk.show(chosen.tenant)
    for quota in found:
        most = NO_LIMIT if quota.limit is None else quota.limit
        _say(f"{quota.name}: {quota.used} used, limit {most} ({_ORIGINS[quota.origin]})")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tickwell.operator", epilog=_EXPLANATION)
    commands = parser.add_subparsers(dest="command", required=True)
    stop = commands.add_parser("stop", help="let no attempt begin; what runs goes on, and nothing is lost")
    stop.add_argument("--reason", required=True, help="why, for whoever asks for the status")
    resume = commands.add_parser("resume", help="let attempts begin again")
    for command in (stop, resume):
        whom = command.add_mutually_exclusive_group(required=True)
        whom.add_argument("--tenant", metavar="ID", help="only this tenant")
        whom.add_argument("--all", action="store_true", help="everybody")
    recount = commands.add_parser("recount", help="count the jobs and dead letters of a tenant that is at rest anew")
    recount.add_argument("--tenant", metavar="ID", required=True)
    rebuild = commands.add_parser("rebuild", help="write the due items that are missing, after an outage of 35 days")
    rebuild.add_argument("--dry-run", action="store_true", help="only count them")
    rebuild.add_argument(
        "--read-units", metavar="N", type=_rate, default=1000, help="of the table in a second, on AWS (%(default)s)"
    )
    rebuild.add_argument("--write-units", metavar="N", type=_rate, default=500, help="the same (%(default)s)")
    export = commands.add_parser("export", help="write all that a tenant has, a JSON document on each line")
    export.add_argument("--tenant", metavar="ID", required=True)
    export.add_argument("--output", metavar="FILE", type=Path, help="for its owner only; stdout otherwise")
    quota = commands.add_parser("quota", help="show what a tenant may have and has, or decide it")
    quota.add_argument("--tenant", metavar="ID", required=True)
    for name, what in ((QuotaName.JOBS, "unfinished jobs"), (QuotaName.MEMBERS, "members")):
        quota.add_argument(
            f"--{name.value}", metavar="N|none|default", help=f"how many {what}; none: any number; 0: no more"
        )
    commands.add_parser("status", help="who is stopped, since when and why")
    return parser


def _rate(word: str) -> int:
    """Raises ArgumentTypeError, which argparse tells."""
    if not (word.isascii() and word.isdigit() and int(word)):
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(word)


def _hear(line: str) -> None:
    sys.stderr.write(f"tickwell: {line}\n")


def _told(stop: Stop) -> str:
    whom = "everybody" if stop.tenant_id is None else f"tenant {stop.tenant_id}"
    return f"{whom}, since {iso(stop.since)}: {stop.reason}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
