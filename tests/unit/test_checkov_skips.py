"""What the trial of the template makes of a report of checkov, and the skips that there are."""

from typing import Any

from tests.chaos.template import SKIPS, judged, skips_in


def report(*findings: str, passed: int = 3, parsing_errors: int = 0) -> dict[str, Any]:
    failed = [{"check_id": each, "resource": "AWS::S3::Bucket.B", "check_name": "Ensure it"} for each in findings]
    summary = {"passed": passed, "parsing_errors": parsing_errors, "resource_count": 1}
    return {"summary": summary, "results": {"failed_checks": failed}}


def test_what_is_skipped_with_a_reason_is_clean() -> None:
    figures = judged(report("CKV_AWS_1", "CKV_AWS_1"), {"CKV_AWS_1": "costs"})
    assert figures.is_clean
    assert figures.counts["findings skipped"] == 2


def test_any_other_finding_is_a_fault() -> None:
    figures = judged(report("CKV_AWS_1", "CKV_AWS_2"), {"CKV_AWS_1": "costs"})
    assert figures.zeros["findings"] == 1
    assert list(figures.faults) == ["CKV_AWS_2 AWS::S3::Bucket.B: Ensure it"]


def test_a_skip_must_have_a_reason_and_skip_something() -> None:
    assert judged(report("CKV_AWS_1"), {"CKV_AWS_1": ""}).faults == ["the skip of CKV_AWS_1 has no reason"]
    assert judged(report(), {"CKV_AWS_1": "costs"}).faults == ["the skip of CKV_AWS_1 skips nothing"]


def test_a_template_that_cannot_be_read_is_not_clean() -> None:
    assert not judged(report(parsing_errors=1), {}).is_clean
    assert not judged(report(passed=0), {}).is_clean


def test_every_skip_that_there_is_has_its_reason_and_is_read_as_checkov_reads_it() -> None:
    text = SKIPS.read_text()
    skips = skips_in(text)
    assert all(skips.values())
    assert len(skips) == sum("CKV" in line for line in text.splitlines())
