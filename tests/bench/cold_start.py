"""Cold starts: the init of each built function, beside a bare handler with the same imports.

The functions are those of ``sam build``, under the Lambda runtime interface emulator. A bare handler imports every
library module that the function has loaded in the end, makes the same clients of AWS's services, and does nothing:
what remains is Tickwell's own. A second one imports Tickwell's modules besides, and puts nothing together.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.benches import Run
from tests.bench.lambda_starts import FunctionStarts, Loaded, Started, services_served
from tests.bench.results import Goal, Result, Table
from tests.e2e import sam
from tests.e2e.local_aws import ROOT

FUNCTIONS: Final = (
    "ApiFunction",
    "WorkerFunction",
    "DispatcherFunction",
    "SafetySyncFunction",
    "DeadLetterFunction",
    "OutcomesFunction",
    "NotifierFunction",
    "ArchiveFunction",
)
REPEATS = 3
MOST_OVER_BARE = 1.15
LAYER_MB = 25
_MB = 1_000_000

_UNKNOWN_PATH = ROOT / "tests" / "events" / "api_unknown_path.json"
_COLUMNS = (
    "function",
    "init ms",
    "bare ms",
    "times bare",
    "bare with our modules ms",
    "CPU ms",
    "bare CPU ms",
    "times bare CPU",
)


def cold_start(run: Run) -> Result:
    """Measure each function: medians of starts that alternate."""
    built = sam.build(run.folder, {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"})
    with services_served() as services:
        starts = FunctionStarts(built, run.folder, services)
        chosen = FUNCTIONS[:1] if run.quick else FUNCTIONS
        measured = {name: _measure(starts, name, repeats=1 if run.quick else REPEATS) for name in chosen}
        loaded = {name: starts.loaded(name) for name in chosen}
    rows = [_row(name, kinds) for name, kinds in measured.items()]
    size = unzipped_bytes(built / sam.LAYER) / _MB
    ratios = [_init(kinds["function"]) / _init(kinds["bare"]) for kinds in measured.values()]
    api = median(one.first_answer for one in measured["ApiFunction"]["function"])
    return Result(
        tables=[
            Table(
                title=f"Init, medians of {1 if run.quick else REPEATS}",
                columns=_COLUMNS,
                rows=rows,
                notes=[f"The API's first answer (a path that is not there) took {api:.1f} ms more."],
            ),
            Table(
                title="What is loaded",
                columns=("function", "modules", "of them Tickwell's", "clients"),
                rows=[
                    (name, len(one.modules), len(one.modules) - len(one.libraries), ", ".join(one.services))
                    for name, one in loaded.items()
                ],
                notes=[f"The layer is {size:.1f} MB unzipped, bytecode included."],
            ),
        ],
        goals=[
            Goal(name="init, times a bare handler, worst function", figure=max(ratios), at_most=MOST_OVER_BARE),
            Goal(name="layer, MB unzipped with bytecode", figure=size, at_most=LAYER_MB),
        ],
    )


def unzipped_bytes(layer: Path) -> int:
    """What Lambda unpacks: the sizes of all files."""
    return sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())


def _measure(starts: FunctionStarts, name: str, *, repeats: int) -> Mapping[str, list[Started]]:
    loaded = starts.loaded(name)
    codes = {"function": None, "bare": bare(loaded, loaded.libraries), "imports": bare(loaded, loaded.modules)}
    measured: dict[str, list[Started]] = {kind: [] for kind in codes}
    event = _UNKNOWN_PATH.read_bytes() if name == "ApiFunction" else b"{}"
    for _ in range(repeats):
        for kind, code in codes.items():
            measured[kind].append(starts.start(name, event, code=code))
    return measured


def bare(loaded: Loaded, modules: Sequence[str]) -> str:
    """A handler with these imports and the function's clients that does nothing."""
    sdk = "boto3.client" if "boto3" in loaded.modules else "botocore.session.get_session().create_client"
    lines = [*(f"import {name}" for name in modules), f"import {sdk.partition('.')[0]}", "import botocore.session"]
    lines += [f"{sdk}({service!r})" for service in loaded.services]
    return "\n".join([*lines, "", "", "def handler(event, context):", "    return {}", ""])


def _row(name: str, kinds: Mapping[str, list[Started]]) -> tuple[str | float, ...]:
    init, bare_init, imports_init = (_init(kinds[kind]) for kind in ("function", "bare", "imports"))
    cpu, bare_cpu = (median(one.cpu for one in kinds[kind]) for kind in ("function", "bare"))
    return (name, init, bare_init, init / bare_init, imports_init, cpu, bare_cpu, cpu / bare_cpu)


def _init(starts: Sequence[Started]) -> float:
    return median(one.init for one in starts)
