"""Which Lambda functions may be called."""

import pytest

from tickwell.domain.invocation import AllowedFunctions, is_function

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:"


@pytest.mark.parametrize(
    ("entries", "function", "found"),
    [
        (["report"], "report", "report"),
        (["report"], "reports", None),
        (["report"], "report:live", None),
        (["report"], f"{ARN}report", None),
        (["report:live"], "report:live", "report:live"),
        ([f"{ARN}report"], "report", f"{ARN}report"),
        ([f"{ARN}report"], f"{ARN}report", f"{ARN}report"),
        ([f"{ARN}report"], f"{ARN.replace('123', '999')}report", None),
        ([f"{ARN}report"], f"{ARN.replace('eu-central-1', 'us-east-1')}report", None),
        ([f"{ARN}report:*"], "report", None),
        ([f"{ARN}report:*"], "report:7", f"{ARN}report:7"),
        (["jobs-*"], "jobs-report:live", "jobs-report:live"),
        (["jobs-*"], "jobs", None),
        (["a", f"{ARN}jobs-*"], "jobs-x", f"{ARN}jobs-x"),
        ([], "report", None),
    ],
)
def test_a_function_is_called_only_where_an_entry_names_it(
    entries: list[str], function: str, found: str | None
) -> None:
    assert AllowedFunctions(entries).found(function) == found


@pytest.mark.parametrize("entry", ["*", "a*b", "", "a b", "arn:aws:s3:::bucket", f"{ARN}*", "a:b:c", "a/b"])
def test_an_entry_that_names_no_function_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="name of a function"):
        AllowedFunctions([entry])


@pytest.mark.parametrize("text", ["report", "report:live", "report:$LATEST", f"{ARN}report", f"{ARN}report:7"])
def test_names_and_arns_are_functions(text: str) -> None:
    assert is_function(text)


@pytest.mark.parametrize("text", ["", "a/b", "../x", "a b", "a:b:c", "http://x", f"{ARN}", "report*", "a\n"])
def test_other_texts_are_not(text: str) -> None:
    assert not is_function(text)
