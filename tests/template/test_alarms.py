"""The alarms hear what the functions tell, and that they tell nothing any more."""

import json
from typing import Any

import pytest

from tests.doubles import FakeClock
from tests.template.cloudformation import allowed_statements, as_list, properties, resources
from tickwell.application.execute_batch import BatchReport
from tickwell.application.safety_sync import SyncReport
from tickwell.metrics import Metrics

ALARMS = resources("AWS::CloudWatch::Alarm")
OF_METRICS = {
    name: alarm["Properties"] for name, alarm in ALARMS.items() if alarm["Properties"]["Namespace"] == "Tickwell"
}


def told() -> list[dict[str, Any]]:
    """All that the functions can tell."""
    lines: list[str] = []
    metrics = Metrics(stage="a-stage", clock=FakeClock(), write=lines.append)
    metrics.of_sync(SyncReport(resent=1, behind=1))
    metrics.of_batch(BatchReport(late=1, missed=1))
    return [json.loads(line) for line in lines]


def test_every_metric_has_an_alarm_and_every_alarm_its_metric() -> None:
    heard = {(alarm["Namespace"], alarm["Dimensions"][0]["Name"], alarm["MetricName"]) for alarm in OF_METRICS.values()}
    said = {
        (directive["Namespace"], directive["Dimensions"][0][0], metric["Name"])
        for line in told()
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert heard == said


@pytest.mark.parametrize("name", OF_METRICS)
def test_an_alarm_goes_off_above_zero_and_takes_silence_for_zero(name: str) -> None:
    alarm = OF_METRICS[name]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert (alarm["Statistic"], alarm["TreatMissingData"]) == ("Sum", "notBreaching")
    assert alarm["Dimensions"] == [{"Name": "Stage", "Value": {"Ref": "Stage"}}]


def test_what_is_repaired_or_missed_is_told_at_once() -> None:
    for name in ("RecoveredAlarm", "MissedAlarm"):
        assert (OF_METRICS[name]["EvaluationPeriods"], OF_METRICS[name]["Period"]) == (1, 300)


def test_a_safety_sync_that_is_silent_or_fails_is_an_alarm() -> None:
    of_function = [{"Name": "FunctionName", "Value": {"Ref": "SafetySyncFunction"}}]
    silent, failing = properties("SafetySyncSilentAlarm"), properties("SafetySyncFailingAlarm")
    assert {**silent, **failing}["Dimensions"] == silent["Dimensions"] == of_function
    assert (silent["MetricName"], silent["ComparisonOperator"], silent["Threshold"]) == (
        "Invocations",
        "LessThanThreshold",
        1,
    )
    assert silent["TreatMissingData"] == "breaching"
    assert (failing["MetricName"], failing["ComparisonOperator"], failing["Threshold"]) == (
        "Errors",
        "GreaterThanThreshold",
        0,
    )


def test_an_api_that_errs_or_is_slow_is_an_alarm() -> None:
    """E8, with the thresholds of the health that a process tells of itself."""
    errors, slow = properties("ApiErrorsAlarm"), properties("ApiSlowAlarm")
    for alarm in (errors, slow):
        assert alarm["Dimensions"] == [{"Name": "ApiId", "Value": {"Ref": "HttpApi"}}]
        assert (alarm["Namespace"], alarm["ComparisonOperator"]) == ("AWS/ApiGateway", "GreaterThanOrEqualToThreshold")
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (300, 3, "notBreaching")
    assert (errors["MetricName"], errors["Statistic"], errors["Threshold"]) == ("5xx", "Average", 0.001)
    assert (slow["MetricName"], slow["ExtendedStatistic"], slow["Threshold"]) == ("Latency", "p50", 500)
    assert slow["EvaluateLowSampleCountPercentile"] == "ignore"


def test_a_queue_is_consumed_or_has_an_alarm_on_what_lies_in_it() -> None:
    alarms = [each["Properties"] for each in ALARMS.values() if each["Properties"]["Namespace"] == "AWS/SQS"]
    for alarm in alarms:
        assert (alarm["MetricName"], alarm["Statistic"]) == ("ApproximateNumberOfMessagesVisible", "Maximum")
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
        assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    heard = {alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for alarm in alarms}
    mappings = resources("AWS::Lambda::EventSourceMapping").values()
    consumed = {mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0] for mapping in mappings}
    assert heard == set(resources("AWS::SQS::Queue")) - consumed


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_the_topic_where_there_is_one(name: str) -> None:
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert properties(name)["AlarmActions"] == properties(name)["OKActions"] == topic


def test_no_function_may_scan() -> None:
    scanning = [role for role, statement in allowed_statements() if "dynamodb:Scan" in as_list(statement["Action"])]
    assert scanning == []
