"""``python -m tests.bench``: every bench in a process of its own, its tables, and a file with all."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.bench.benches import BENCHES, Run
from tests.bench.docs import write_docs
from tests.bench.run_all import run_all

REPORT = Path("build/bench.json")


def main() -> int:
    """Run what was asked for; 0 when every bench came to an end."""
    arguments = _arguments()
    if arguments.write_docs:
        sys.stdout.writelines(f"{line}\n" for line in write_docs(REPORT, Path("docs")))
        return 0
    chosen = [bench for bench in BENCHES if arguments.only is None or bench.name in arguments.only]
    if arguments.result is not None:
        (bench,) = chosen
        with tempfile.TemporaryDirectory(prefix="tickwell-bench-", ignore_cleanup_errors=True) as folder:
            result = bench(Run(folder=Path(folder), quick=arguments.quick))
        arguments.result.write_text(json.dumps(result.as_json()))
        return 0
    return run_all(chosen, report=REPORT, quick=arguments.quick)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[bench.name for bench in BENCHES], help="these benches")
    parser.add_argument("--quick", action="store_true", help="small forms that only show whether benches work")
    parser.add_argument("--write-docs", action="store_true", help=f"fill the documentation from {REPORT}")
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
