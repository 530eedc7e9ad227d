"""What the dashboard knows by name of the API."""

import re

from tickwell.http.access import ACCESS
from tickwell.http.dashboard_files import files


def test_the_audit_log_offers_actions_that_there_are() -> None:
    script = files()["pages/audit_actions.js"]
    named = " ".join(re.findall(r'"([^"]*)"', script.partition("ACTIONS = (")[2].partition(").split")[0])).split()
    assert len(named) > 40
    assert set(named) - set(ACCESS) == set()
