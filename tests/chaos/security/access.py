"""The trial of credentials: who is nobody gets nothing, and who is somebody nothing of anybody else."""

import random
from collections.abc import Callable, Iterator

from tests import access_matrix
from tests.access_matrix import Check
from tests.api_hosts import Api
from tests.chaos.figures import Figures
from tests.chaos.security.findings import BROKE, LEAKED, LET_IN, Findings
from tests.chaos.security.foreign import attack_foreign_tokens
from tests.chaos.security.hosts import ENGINES
from tests.chaos.security.keys import attack_keys
from tests.chaos.security.mailed import attack_mailed
from tests.chaos.security.tenants import attack_tenants
from tests.chaos.security.tickets import attack_tickets
from tests.chaos.security.tokens import attack_tokens
from tests.chaos.trials import Run
from tickwell.domain.account import Role

MATRIX: tuple[Callable[[Api], Iterator[Check]], ...] = (
    access_matrix.without_a_credential,
    access_matrix.public_operations,
    access_matrix.keys,
    access_matrix.what_strangers_own,
    access_matrix.what_strangers_list,
)


def access(run: Run) -> Figures:
    """On both engines; the short form leaves the matrix to ``make test``, which CI runs too."""
    findings = Findings()
    for name, engine in ENGINES.items():
        with engine(run.folder / name) as api:
            if not run.short:
                for checks in MATRIX:
                    findings.checks("access", ((f"{name}: {what}", held) for what, held in checks(api)))
                for role in Role:
                    findings.checks("access", access_matrix.people_of(api, role))
            chance = random.Random(run.seed)
            attack_tokens(findings, api, chance)
            attack_keys(findings, api, chance)
            attack_tenants(findings, api)
            attack_tickets(findings, api, chance)
        folder = run.folder / f"{name}-mail"
        with engine(folder) as api:
            attack_mailed(findings, api, folder, random.Random(run.seed))
    attack_foreign_tokens(findings, run.folder / "foreign")
    return findings.figures(zeros=(LET_IN, LEAKED, BROKE))
