"""The template as checkov sees it: no finding but those that ``.checkov.yaml`` skips, each with its reason."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.chaos.figures import Figures
from tests.chaos.trials import Run
from tests.template.cloudformation import ROOT, TEMPLATE

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
SKIPS = ROOT / ".checkov.yaml"

_SKIP = re.compile(r"^  - (CKV\w*)(?: # (.+))?$", re.MULTILINE)
_LONGEST_RUN_SECONDS = 240


def template(run: Run) -> Figures:
    """Every check of checkov over template.yaml."""
    report = checked(TEMPLATE, run.folder)
    return judged(report, skips_in(SKIPS.read_text()))


def checked(file: Path, folder: Path) -> dict[str, Any]:
    """What checkov reports of ``file``. It runs in ``folder``, where it finds no configuration that skips anything."""
    command = [str(CHECKOV), "--framework", "cloudformation", "--file", str(file), "--output", "json", "--soft-fail"]
    done = subprocess.run(
        [*command, "--skip-download", "--quiet"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=_LONGEST_RUN_SECONDS,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def skips_in(configuration: str) -> dict[str, str]:
    """The checks that are skipped, with the reasons; empty where none is given."""
    return {match[1]: match[2] or "" for match in _SKIP.finditer(configuration)}


def judged(report: Mapping[str, Any], skips: Mapping[str, str]) -> Figures:
    """What is left of a report beside ``skips``, and what is wrong with those."""
    findings = Counter(finding["check_id"] for finding in report["results"]["failed_checks"])
    summary = report["summary"]
    bad_skips = {check for check, reason in skips.items() if not reason or check not in findings}
    faults = [
        *_faults(report["results"]["failed_checks"], skips),
        *(f"the skip of {check} skips nothing" for check in skips if check not in findings),
        *(f"the skip of {check} has no reason" for check, reason in skips.items() if not reason),
        *(["checkov could not read the template"] if summary["parsing_errors"] or not summary["passed"] else ()),
    ]
    return Figures(
        counts={
            "resources": summary["resource_count"],
            "checks passed": summary["passed"],
            "checks skipped": len(skips),
            "findings skipped": sum(count for check, count in findings.items() if check in skips),
        },
        zeros={
            "findings": sum(count for check, count in findings.items() if check not in skips),
            "idle or unreasoned skips": len(bad_skips),
        },
        faults=faults,
    )


def _faults(findings: list[dict[str, Any]], skips: Mapping[str, str]) -> Iterator[str]:
    for finding in findings:
        if finding["check_id"] not in skips:
            yield f"{finding['check_id']} {finding['resource']}: {finding['check_name']}"
