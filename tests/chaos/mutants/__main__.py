"""``python -m tests.chaos.mutants NUMBER …``: each mutation in a process of its own, and a line of JSON for each.

``control`` instead of a number: no mutation, and all witnesses that no other trial and no test shows to be quiet.
Without arguments the mutations are listed.
"""

import importlib
import json
import os
import resource
import sys
import traceback

from tests.chaos.mutants.catalogue import Witness
from tests.chaos.mutants.every import MUTATIONS
from tests.chaos.mutants.source import install, require_loaded

CONTROL = "control"
CPU_SECONDS = 60
"""Who has found nothing by then never will: it is a fault of the mutation, and not found by its witness."""

_NEEDED = ("boto3", "hypothesis", "moto.dynamodb.responses", "moto.core.botocore_stubber", "pydantic", "pytest")
"""Nothing of the product; what takes long to import is imported once for all."""


def main(arguments: list[str]) -> int:
    """One line for each argument; see the module."""
    if not arguments:
        for number, mutation in enumerate(MUTATIONS):
            _say(f"{number:3} {mutation.title}: {mutation.witness.name}")
        return 0
    for module in _NEEDED:
        importlib.import_module(module)
    for argument in arguments:
        child = os.fork()
        if child == 0:
            _in_child(argument)
        _, status = os.waitpid(child, 0)
        if code := os.waitstatus_to_exitcode(status):
            _say(json.dumps({"what": argument, "broken": f"the process ended with {code}"}))
    return 0


def _in_child(argument: str) -> None:
    """Never returns."""
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS * 4 if argument == CONTROL else CPU_SECONDS,) * 2)
        found = _control() if argument == CONTROL else _mutant(int(argument))
        _say(json.dumps({"what": argument, **found}))
        code = 0
    except BaseException as error:  # noqa: BLE001 - whatever it was: it is told, and is no catch
        _say(json.dumps({"what": argument, "broken": "".join(traceback.format_exception(error))[-2000:]}))
        code = 0
    finally:
        os._exit(code)


def _mutant(number: int) -> dict[str, object]:
    mutation = MUTATIONS[number]
    install(mutation.edits)
    fault = _first_fault(mutation.witness)
    require_loaded(mutation.edits)
    return {"caught": fault}


def _control() -> dict[str, object]:
    """What the witnesses see in the product as it is."""
    looking = importlib.import_module("tests.chaos.mutants.looking")
    own = dict.fromkeys(m.witness for m in MUTATIONS if not looking.is_shown_elsewhere(m.witness))
    faults = {witness.name: _first_fault(witness) for witness in own}
    return {"witnesses": len(own), "alarms": {name: fault for name, fault in faults.items() if fault is not None}}


def _first_fault(witness: Witness) -> str | None:
    looking = importlib.import_module("tests.chaos.mutants.looking")  # only now: it imports the product
    fault: str | None = looking.first_fault(witness)
    return fault


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
