"""The trial of input: hostile bodies, paths, queries and headers, requests within requests, and slow patterns."""

import random

from tests.chaos.figures import Figures
from tests.chaos.security.findings import BROKE, LET_IN, SLOW, Findings
from tests.chaos.security.hostile import attack_input, attack_server
from tests.chaos.security.hosts import ENGINES
from tests.chaos.security.parsers import attack_parsers
from tests.chaos.security.redos import QUICK_LENGTHS, attack_patterns
from tests.chaos.security.smuggling import smuggle
from tests.chaos.trials import Run
from tests.server_process import running


def hostile_input(run: Run) -> Figures:
    """On both engines, and on a real server; the short form leaves the embedded one to ``make test``."""
    findings = Findings()
    for name, engine in ENGINES.items():
        if run.short and name == "embedded":
            continue
        with engine(run.folder / name) as api:
            attack_input(findings, api, random.Random(run.seed), odd_jobs=150 if run.short else 1_500)
    with running(run.folder / "server") as server:
        smuggle(findings, server)
        attack_server(findings, server)
    attack_parsers(findings)
    patterns = attack_patterns(findings, **({"lengths": QUICK_LENGTHS} if run.short else {}))
    return findings.figures(zeros=(LET_IN, BROKE, SLOW), more={"regular expressions": patterns})
