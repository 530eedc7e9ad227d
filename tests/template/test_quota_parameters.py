"""Quotas in the template and in the settings are the same."""

import re

import pytest
from pydantic import ValidationError

from tests.template.cloudformation import source
from tickwell.domain.quota import LARGEST_LIMIT
from tickwell.settings.shared import QuotaSettings


@pytest.mark.parametrize(("parameter", "field"), [("QuotaJobs", "quota_jobs"), ("QuotaMembers", "quota_members")])
def test_a_parameter_has_the_default_of_its_setting_and_takes_what_that_takes(parameter: str, field: str) -> None:
    declared = source()["Parameters"][parameter]
    assert declared["Default"] == str(QuotaSettings.model_fields[field].default)
    for text in ("none", "0", str(LARGEST_LIMIT), "", "-1", "None", "1.5", str(LARGEST_LIMIT + 1)):
        allowed = re.fullmatch(declared["AllowedPattern"], text) is not None
        try:
            made = QuotaSettings.model_validate({"engine": "aws", field: text})
        except ValidationError:
            assert not allowed, text
        else:
            assert allowed, text
            assert getattr(made, field) == (None if text == "none" else int(text))
