"""CloudWatch over CBOR."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.model
import pytest
from botocore.exceptions import ClientError

from sandbox.services.aws.server import AwsServer

_ALARM: dict[str, Any] = {
    "AlarmName": "idle",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 300,
    "Threshold": -2.0,
    "ActionsEnabled": False,
    "Namespace": "AWS/EC2",
    "MetricName": "StatusCheckFailed",
    "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "build"}],
    "Period": 60,
    "Statistic": "Maximum",
    "AlarmDescription": "ä" * 300,
}


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of CloudWatch that uses CBOR."""
    monkeypatch.setattr(botocore.model, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", ("smithy-rpc-v2-cbor",))
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    with AwsServer() as server:
        yield session.client("cloudwatch", endpoint_url=server.endpoint)


def test_an_alarm_from_its_creation_to_its_deletion(cloudwatch: Any) -> None:
    made = cloudwatch.put_metric_alarm(**_ALARM, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["idle"])["MetricAlarms"]
    assert made["ResponseMetadata"]["HTTPHeaders"]["smithy-protocol"] == "rpc-v2-cbor"
    assert alarm.items() >= _ALARM.items()
    assert datetime.now(UTC) - alarm["AlarmConfigurationUpdatedTimestamp"] < timedelta(minutes=1)
    cloudwatch.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "c", "Value": "3"}])
    cloudwatch.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [
        {"Key": "b", "Value": ""},
        {"Key": "c", "Value": "3"},
    ]
    cloudwatch.delete_alarms(AlarmNames=["idle"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_an_error_has_its_code_and_its_message(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as refused:
        cloudwatch.tag_resource(ResourceARN="arn:aws:cloudwatch:eu-west-1:123456789012:alarm:x", Tags=[])
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refused.value.response["Error"]["Message"]


def test_a_time_in_a_request(cloudwatch: Any) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    cloudwatch.put_metric_data(
        Namespace="test", MetricData=[{"MetricName": "jobs", "Timestamp": now, "Value": 3.5}]
    )
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="test",
        MetricName="jobs",
        StartTime=now - timedelta(minutes=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert point["Sum"] == 3.5
