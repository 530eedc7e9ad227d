"""The rules that the deployed stack must keep, whoever edits template.yaml."""

import json
import re
import tomllib
from fnmatch import fnmatch
from typing import Any

import pytest

from tests.template.cloudformation import ROOT, allowed_statements, as_list, properties, resources, source
from tickwell.adapters.aws.dynamodb import account_keys, history_items, keys
from tickwell.adapters.aws.dynamodb.caller_key_keys import caller_key_key
from tickwell.adapters.aws.dynamodb.count_keys import counts_key
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import JobKey
from tickwell.domain.notification import RETRY_PAUSES_SECONDS
from tickwell.settings import functions, reading, shared

FUNCTIONS: dict[str, tuple[str, type[reading.Settings]]] = {
    "ApiFunction": ("api", functions.ApiSettings),
    "WorkerFunction": ("worker", functions.WorkerSettings),
    "HeavyWorkerFunction": ("worker", functions.WorkerSettings),
    "DispatcherFunction": ("dispatcher", functions.DispatcherSettings),
    "SafetySyncFunction": ("safety_sync", functions.SafetySyncSettings),
    "DeadLetterFunction": ("dead_letter", functions.DeadLetterSettings),
    "OutcomesFunction": ("outcomes", functions.OutcomesSettings),
    "NotifierFunction": ("notifier", functions.NotifierSettings),
    "ArchiveFunction": ("archive", functions.ArchiveSettings),
}
LANES = ("LaneHigh", "LaneMedium", "LaneLow", "LaneHeavy")
FOURTEEN_DAYS = 14 * 24 * 3600
VISIBILITY_MARGIN_SECONDS = 30
LONGEST_WORKER_SECONDS = 900


def function_timeout(name: str) -> int:
    timeout = properties(name)["Timeout"]
    return LONGEST_WORKER_SECONDS if timeout == {"Ref": "WorkerTimeoutSeconds"} else int(timeout)


def sqs_mappings() -> list[tuple[str, str]]:
    """Function and queue (logical ids) of every event source mapping from SQS."""
    return [
        (mapping["Properties"]["FunctionName"]["Ref"], mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0])
        for mapping in resources("AWS::Lambda::EventSourceMapping").values()
        if mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][1] == "Arn"
    ]


def test_every_function_is_known_here() -> None:
    assert set(resources("AWS::Lambda::Function")) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_exists_in_its_own_folder(name: str) -> None:
    folder, _ = FUNCTIONS[name]
    assert source()["Resources"][name]["Properties"]["CodeUri"] == f"functions/{folder}/"
    assert properties(name)["Handler"] == "handler.handler"
    handler = ROOT / "functions" / folder / "handler.py"
    assert re.search(r"^def handler\(", handler.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_is_that_of_the_settings_model(name: str) -> None:
    _, model = FUNCTIONS[name]
    variables = set(properties(name)["Environment"]["Variables"])
    assert variables - {"PYTHONTZPATH"} == reading.variable_names(model)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_zones_come_from_the_locked_package(name: str) -> None:
    assert properties(name)["Environment"]["Variables"]["PYTHONTZPATH"] == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_own_role_and_a_log_group_with_retention(name: str) -> None:
    prefix = name.removesuffix("Function")
    function = properties(name)
    assert function["Role"] == {"Fn::GetAtt": [f"{prefix}Role", "Arn"]}
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{prefix}Logs"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert properties(f"{prefix}Logs")["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("worker", ["WorkerFunction", "HeavyWorkerFunction"])
def test_the_worker_may_send_to_its_own_lanes_again_and_again(worker: str) -> None:
    assert properties(worker)["RecursiveLoop"] == "Allow"


def test_heavy_work_comes_one_job_at_a_time_to_a_function_with_the_memory_for_it() -> None:
    assert [queue for function, queue in sqs_mappings() if function == "HeavyWorkerFunction"] == ["LaneHeavy"]
    [mapping] = [
        mapping["Properties"]
        for mapping in resources("AWS::Lambda::EventSourceMapping").values()
        if mapping["Properties"]["FunctionName"] == {"Ref": "HeavyWorkerFunction"}
    ]
    assert mapping["BatchSize"] == 1
    function = properties("HeavyWorkerFunction")
    assert function["MemorySize"] == 2048 > int(function["Environment"]["Variables"]["TICKWELL_TASK_MEMORY_MB"])


def test_no_function_reserves_concurrency_which_small_accounts_do_not_have() -> None:
    assert [name for name in FUNCTIONS if "ReservedConcurrentExecutions" in properties(name)] == []


@pytest.mark.parametrize(("role", "statement"), allowed_statements())
def test_no_role_may_do_everything_or_to_everything(role: str, statement: dict[str, Any]) -> None:
    assert all("*" not in action for action in as_list(statement["Action"])), role
    assert all(resource != "*" for resource in as_list(statement["Resource"])), role


@pytest.mark.parametrize(
    ("role", "forbidden"),
    [
        ("ApiRole", {"sqs:ReceiveMessage", "ses:SendEmail", "dynamodb:Scan"}),
        ("HeavyWorkerRole", {"secretsmanager:PutSecretValue", "dynamodb:Scan", "dynamodb:DeleteItem"}),
        ("WorkerRole", {"secretsmanager:PutSecretValue", "dynamodb:Scan", "dynamodb:DeleteItem"}),
        ("DispatcherRole", {"dynamodb:GetItem", "s3:GetObject", "ses:SendEmail"}),
        ("OutcomesRole", {"dynamodb:PutItem", "dynamodb:Query", "ses:SendEmail"}),
        ("NotifierRole", {"dynamodb:DeleteItem", "dynamodb:Scan", "s3:GetObject", "sqs:SendMessageBatch"}),
        ("ArchiveRole", {"dynamodb:GetItem", "dynamodb:PutItem", "s3:GetObject", "s3:DeleteObject", "ses:SendEmail"}),
    ],
)
def test_a_role_lacks_what_its_function_has_no_business_with(role: str, forbidden: set[str]) -> None:
    actions = {
        action
        for holder, statement in allowed_statements()
        if holder == role
        for action in as_list(statement["Action"])
    }
    assert actions & forbidden == set()


@pytest.mark.parametrize("role", ["WorkerRole", "HeavyWorkerRole", "ApiRole", "SafetySyncRole"])
def test_tenants_secrets_are_read_by_workers_and_written_by_others(role: str) -> None:
    granted = {
        action: as_list(statement["Resource"])
        for holder, statement in allowed_statements()
        if holder == role
        for action in as_list(statement["Action"])
        if action.startswith("secretsmanager:") and "JwtSecret" not in str(statement["Resource"])
    }
    reads = {"secretsmanager:GetSecretValue"}
    writes = {"secretsmanager:CreateSecret", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"}
    expected = {"ApiRole": writes | reads, "SafetySyncRole": {"secretsmanager:DeleteSecret"}}
    assert set(granted) == expected.get(role, reads)
    assert all(str(place).count("/tenants/*") == 1 for places in granted.values() for place in places)
    if role == "ApiRole":  # those of hooks, and no others
        assert "/tenants/*/hook-*" in str(granted["secretsmanager:GetSecretValue"])


def test_every_queue_with_a_consumer_is_consumed_with_partial_batch_responses() -> None:
    consumed = {queue for _, queue in sqs_mappings()}
    assert consumed == {*LANES, "LaneDlq", "DispatchQueue", "NotificationQueue"}
    for mapping in resources("AWS::Lambda::EventSourceMapping").values():
        if mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][1] == "Arn":
            assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert "MaximumBatchingWindowInSeconds" not in mapping["Properties"]


@pytest.mark.parametrize(("function", "queue"), sqs_mappings())
def test_a_message_stays_invisible_longer_than_its_function_may_run(function: str, queue: str) -> None:
    visibility = properties(queue)["VisibilityTimeout"]
    assert visibility >= function_timeout(function) + VISIBILITY_MARGIN_SECONDS


def test_the_worker_timeout_cannot_be_set_beyond_what_the_lanes_are_made_for() -> None:
    assert source()["Parameters"]["WorkerTimeoutSeconds"]["MaxValue"] == LONGEST_WORKER_SECONDS


@pytest.mark.parametrize("queue", resources("AWS::SQS::Queue"))
def test_queues_are_encrypted_and_keep_messages_as_long_as_sqs_can(queue: str) -> None:
    assert properties(queue)["SqsManagedSseEnabled"] is True
    assert properties(queue)["MessageRetentionPeriod"] == FOURTEEN_DAYS


@pytest.mark.parametrize(
    ("queue", "dead_letter_queue"),
    [
        *((lane, "LaneDlq") for lane in LANES),
        ("DispatchQueue", "DispatchDlq"),
        ("NotificationQueue", "NotificationDlq"),
    ],
)
def test_what_a_queue_gives_up_is_kept(queue: str, dead_letter_queue: str) -> None:
    redrive = properties(queue)["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [dead_letter_queue, "Arn"]}


@pytest.mark.parametrize("lane", LANES)
def test_the_lanes_own_limit_is_only_a_backstop(lane: str) -> None:
    assert properties(lane)["RedrivePolicy"]["maxReceiveCount"] == 10


def test_the_table_survives_and_can_be_restored() -> None:
    [table] = resources("AWS::DynamoDB::Table").values()
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties_ = table["Properties"]
    assert properties_["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties_["SSESpecification"] == {"SSEEnabled": True}
    assert properties_["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties_["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert properties_["BillingMode"] == "PAY_PER_REQUEST"


def test_the_bucket_survives_and_is_private() -> None:
    [bucket] = resources("AWS::S3::Bucket").values()
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    [statement] = properties("BlobBucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def stream_mapping(function: str) -> dict[str, Any]:
    """How a function reads the table's stream."""
    [found] = [
        mapping["Properties"]
        for mapping in resources("AWS::Lambda::EventSourceMapping").values()
        if mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
        and mapping["Properties"]["FunctionName"]["Ref"] == function
    ]
    return dict(found)


def patterns(mapping: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]


def test_the_stream_brings_what_is_told_of_and_counted_only_and_gives_none_up_silently() -> None:
    stream = stream_mapping("OutcomesFunction")
    counted = {"kind": {"S": ["job", history_items.DEAD_LETTER]}}
    assert patterns(stream) == [
        {"dynamodb": {"NewImage": counted}},
        {"eventName": ["REMOVE"], "dynamodb": {"OldImage": counted}},
        {
            "eventName": ["INSERT"],
            "dynamodb": {
                "NewImage": {
                    "kind": {"S": [history_items.EXECUTION]},
                    history_items.EVENT: {"S": [ExecutionStatus.TIMEOUT.value]},
                }
            },
        },
    ]
    assert 0 < stream["MaximumBatchingWindowInSeconds"] <= 10, "people wait for what it tells"
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRetryAttempts"] >= 900, "a try may take a second: an outage of minutes loses no record"
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["OutcomesFailureQueue", "Arn"]}


def test_the_outcomes_function_writes_counts_and_nothing_else() -> None:
    [writing] = [
        statement
        for holder, statement in allowed_statements()
        if holder == "OutcomesRole" and "dynamodb:UpdateItem" in as_list(statement["Action"])
    ]
    [pattern] = writing["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert fnmatch(counts_key("tenant-1", 3).pk, pattern)
    job = JobKey(tenant_id="tenant-1", job_id="job-1")
    user = account_keys.user_key("tenant-1", "u")
    others = [keys.job_partition("tenant-1", 12), keys.history_partition(job), user.pk]
    assert not any(fnmatch(pk, pattern) for pk in others)


def test_the_outcomes_function_deletes_keys_of_callers_and_nothing_else() -> None:
    [deleting] = [
        statement
        for holder, statement in allowed_statements()
        if holder == "OutcomesRole" and "dynamodb:DeleteItem" in as_list(statement["Action"])
    ]
    assert as_list(deleting["Action"]) == ["dynamodb:DeleteItem"]
    [pattern] = deleting["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert fnmatch(caller_key_key("tenant-1", "a/b").pk, pattern)
    job = JobKey(tenant_id="tenant-1", job_id="job-1")
    others = [keys.job_partition("tenant-1", 12), keys.history_partition(job), counts_key("tenant-1", 3).pk]
    assert not any(fnmatch(pk, pattern) for pk in others)


def test_the_archive_gets_what_ttl_deletes_in_large_batches_that_are_never_split() -> None:
    stream = stream_mapping("ArchiveFunction")
    [pattern] = patterns(stream)
    assert pattern["eventName"] == ["REMOVE"]
    assert pattern["userIdentity"] == {"principalId": ["dynamodb.amazonaws.com"]}
    kinds = {history_items.EXECUTION, history_items.DETAIL, history_items.DEAD_LETTER}
    assert set(pattern["dynamodb"]["OldImage"]["kind"]["S"]) == kinds
    assert "BisectBatchOnFunctionError" not in stream, "the same batch must be the same object when it comes again"
    assert stream["MaximumBatchingWindowInSeconds"] == 300
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["OutcomesFailureQueue", "Arn"]}
    assert stream["Enabled"] == {"Fn::If": ["IsArchived", True, False]}
    assert source()["Parameters"]["Archive"]["Default"] == "on"


def test_the_notifier_gives_up_before_its_queue_does() -> None:
    receives = properties("NotificationQueue")["RedrivePolicy"]["maxReceiveCount"]
    assert receives > len(RETRY_PAUSES_SECONDS) + 1


def test_the_api_is_throttled_and_its_accesses_are_logged() -> None:
    stage = properties("HttpApiStage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
    assert properties("AccessLogs")["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_gateway_waits_longer_than_the_function_may_take() -> None:
    assert properties("HttpApiIntegration")["TimeoutInMillis"] > properties("ApiFunction")["Timeout"] * 1000


def test_the_safety_sync_runs_each_minute_where_it_sweeps() -> None:
    schedule = properties("SafetySyncSchedule")
    assert schedule["ScheduleExpression"] == {"Fn::If": ["IsSweep", "rate(1 minute)", "rate(5 minutes)"]}


def test_the_layer_holds_no_boto3() -> None:
    lock = (ROOT / "layers" / "core" / "requirements.txt").read_text()
    assert re.findall(r"^boto\w*", lock, re.MULTILINE) == []


def test_parameters_have_the_promised_defaults() -> None:
    parameters = source()["Parameters"]
    assert parameters["Architecture"]["Default"] == "arm64"
    assert parameters["FarTimer"]["Default"] == "sweep"
    assert set(parameters) >= {"Stage", "SenderAddress", "AllowedOrigins", "HistoryRetentionDays", "LogRetentionDays"}
    assert set(source()["Outputs"]) >= {"ApiUrl", "TableName"}


@pytest.mark.parametrize(
    ("parameter", "model", "field"),
    [
        ("DirectHorizonSeconds", shared.HorizonSettings, "direct_horizon_seconds"),
        ("WorkerTimeoutSeconds", functions.WorkerSettings, "worker_timeout_seconds"),
        ("AuditRetentionDays", shared.AuditSettings, "audit_retention_days"),
        ("HistoryRetentionDays", shared.RetentionSettings, "history_retention_days"),
    ],
)
def test_a_parameter_has_the_bounds_and_default_of_its_setting(
    parameter: str, model: type[reading.Settings], field: str
) -> None:
    declared = source()["Parameters"][parameter]
    information = model.model_fields[field]
    limits = {
        name: getattr(bound, name) for bound in information.metadata for name in ("ge", "le") if hasattr(bound, name)
    }
    assert declared["Default"] == information.default
    assert (declared["MinValue"], declared["MaxValue"]) == (limits["ge"], limits["le"])


@pytest.mark.parametrize("environment", ["default", "dev", "prod"])
def test_samconfig_is_complete_for_each_environment(environment: str) -> None:
    configuration = tomllib.loads((ROOT / "samconfig.toml").read_text())[environment]
    assert configuration["global"]["parameters"]["stack_name"]
    assert configuration["build"]["parameters"] == {"cached": True, "parallel": True}
    deploy = configuration["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert deploy["resolve_s3"] is True
    overridden = {pair.partition("=")[0] for pair in deploy.get("parameter_overrides", "").split()}
    assert overridden <= set(source()["Parameters"])


def test_nothing_reaches_production_unseen() -> None:
    configuration = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert configuration["prod"]["deploy"]["parameters"]["confirm_changeset"] is True
