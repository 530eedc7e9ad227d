"""``python -m tests.chaos``: every trial in a process of its own, a line of figures for each, and a file with all."""

import argparse
import json
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.run_all import run_all
from tests.chaos.trials import TRIALS, Run

REPORT = Path("build/chaos.json")


def main() -> int:
    """Run what was asked for; 0 when zeros are where they belong."""
    arguments = _arguments()
    if arguments.result is not None:
        (trial,) = [trial for trial in TRIALS if trial.name == arguments.only]
        with tempfile.TemporaryDirectory(prefix="tickwell-chaos-", ignore_cleanup_errors=True) as folder:
            figures = trial(Run(seed=arguments.seed, short=arguments.short, folder=Path(folder)))
        arguments.result.write_text(json.dumps(figures.as_json()))
        return 0
    chosen = [trial for trial in TRIALS if arguments.only in {None, trial.name}]
    if arguments.short:
        chosen = [trial for trial in chosen if trial.in_short]
    return run_all(chosen, seed=arguments.seed, short=arguments.short, report=REPORT)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="what chance begins with; drawn if left out")
    parser.add_argument("--short", action="store_true", help="the short form, as in CI")
    parser.add_argument("--only", choices=[trial.name for trial in TRIALS], help="one trial")
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = secrets.randbelow(2**32)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
