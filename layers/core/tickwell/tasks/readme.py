"""The table of built-in tasks in README.md, from the registry: ``python -m tickwell.tasks.readme README.md``.

What stands between the two markers is written anew, or compared with ``--check``.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tickwell.application.task import Task, TaskRegistry
from tickwell.domain.retry import OnLost, Policy, RetryPolicy, RetryStrategy
from tickwell.tasks.payload import EITHER
from tickwell.tasks.registry import built_in_tasks

BEGIN: Final = "<!-- tasks: written by make readme -->\n"
END: Final = "<!-- end of tasks -->\n"

PAGES: Final[Mapping[str, str]] = {
    "cleanup_files": "clean-up-files",
    "generate_image": "make-images",
    "http_request": "call-an-http-endpoint",
    "invoke_lambda": "call-a-lambda-function",
    "process_video": "process-a-video",
    "scrape_website": "scrape-a-website",
    "send_email": "schedule-a-mail",
    "send_message": "send-messages",
}
"""The page of a task in docs/how-to; one without has a row of its own all the same."""

_HEAD: Final = "| task | what it does | payload | default policy |\n|---|---|---|---|\n"
_EVENLY: Final = 0.5
"""The draw that leaves out the jitter."""
_MOST_DELAYS: Final = 5
_NAMED_IN_PAYLOAD: Final = 12


def table(registry: TaskRegistry) -> str:
    """One row for each task."""
    return _HEAD + "".join(_row(registry.get(name)) for name in registry.names())


def _row(task: Task[Any]) -> str:
    page = PAGES.get(task.name)
    name = f"`{task.name}`" if page is None else f"[`{task.name}`](docs/how-to/{page}.md)"
    cells = (name, task.summary, _payload(task.payload_schema()), _defaults(task))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _payload(schema: Mapping[str, Any]) -> str:
    """The fields, those first that have to be there."""
    fields = list(schema.get("properties", {}))
    if not fields:
        return "any JSON"
    required = [field for field in fields if field in schema.get("required", ())]
    either = schema.get(EITHER, [])
    optional = [field for field in fields if field not in required and field not in either]
    shown = optional[: max(0, _NAMED_IN_PAYLOAD - len(required) - len(either))]
    parts = [
        ", ".join(part for part in (_listed(required), _listed(either, " or ")) if part),
        f"optional {_listed(shown)}{' …' if len(shown) < len(optional) else ''}" if optional else "",
    ]
    return "; ".join(filter(None, parts))


def _listed(names: Sequence[str], between: str = ", ") -> str:
    return between.join(f"`{name}`" for name in names)


def _defaults(task: Task[Any]) -> str:
    policy = task.policy
    parts = [f"{policy.timeout_seconds} s", _retries(policy)]
    if policy.on_lost is OnLost.FAIL:
        parts.append("never twice")
    if task.queue is not None:
        parts.append(f"queue `{task.queue}`")
    if task.heavy:
        parts.append("heavy lane")
    return ", ".join(parts)


def _retries(policy: Policy) -> str:
    if not policy.max_retries:
        return "no retries"
    retry = policy.retry
    word = "retry" if policy.max_retries == 1 else "retries"
    spread = f" ± {retry.jitter:.0%}".replace("%", " %") if retry.jitter else ""
    return f"{policy.max_retries} {word} after {_delays(retry, policy.max_retries)}{spread}"


def _delays(retry: RetryPolicy, retries: int) -> str:
    number = 1 if retry.strategy is RetryStrategy.FIXED else min(retries, _MOST_DELAYS)
    seconds = [retry.delay_before(one, _EVENLY).total_seconds() for one in range(1, number + 1)]
    unit, word = (60, "minute") if all(one % 60 == 0 and one for one in seconds) else (1, "second")
    counts = [f"{one / unit:g}" for one in seconds]
    plural = "" if counts == ["1"] else "s"
    more = " …" if number < retries and retry.strategy is not RetryStrategy.FIXED else ""
    each = " each" if retry.strategy is RetryStrategy.FIXED and retries > 1 else ""
    return f"{', '.join(counts)}{more} {word}{plural}{each}"


def with_table(text: str) -> str:
    """``text`` with the table of today between the markers. Raises ValueError where these are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{table(built_in_tasks())}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the table into the document, or compare it: 1 when the document differs."""
    parser = argparse.ArgumentParser(prog="python -m tickwell.tasks.readme")
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    chosen = parser.parse_args(arguments)
    file: Path = chosen.file
    before = file.read_text(encoding="utf-8")
    current = with_table(before)
    if not chosen.check:
        file.write_text(current, encoding="utf-8")
        return 0
    if before == current:
        return 0
    sys.stderr.write(f"the table of tasks in {file} is not what the registry says; run make readme\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
