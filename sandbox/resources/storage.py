"""DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.resources.given import UnsupportedError, spelt

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given


def table(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(255, "[A-Za-z0-9_.-]")
    hash_key, range_key = given.need("hashKey"), given.take("rangeKey")
    wanted: dict[str, Any] = {
        "TableName": name,
        "KeySchema": key_schema(hash_key, range_key),
        "AttributeDefinitions": [
            {"AttributeName": a["name"], "AttributeType": a["type"]} for a in given.need("attributes")
        ],
    }
    wanted |= given.request("billingMode", "deletionProtectionEnabled", "tableClass")
    if indexes := given.take("globalSecondaryIndexes"):
        wanted["GlobalSecondaryIndexes"] = [secondary_index(index) for index in indexes]
    if given.take("streamEnabled"):
        wanted["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": given.need("streamViewType")}
    if encryption := given.take("serverSideEncryption"):
        wanted["SSESpecification"] = {"Enabled": encryption["enabled"]}
        if encryption.get("kmsKeyArn"):
            wanted["SSESpecification"] |= {"SSEType": "KMS", "KMSMasterKeyId": encryption["kmsKeyArn"]}
    ttl, recovery = given.take("ttl"), given.request("pointInTimeRecovery")
    given.finish()

    dynamodb = cloud.client("dynamodb")
    made = dynamodb.create_table(**wanted)["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    if ttl and ttl.get("enabled"):
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl["attributeName"]}
        )
    if recovery:
        settings = recovery["PointInTimeRecovery"]
        settings["PointInTimeRecoveryEnabled"] = settings.pop("Enabled")
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=settings)
    return name, {"name": name, "arn": made["TableArn"], "streamArn": made.get("LatestStreamArn", "")}


def resource_policy(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    arn, policy = given.need("resourceArn"), given.need("policy")
    given.finish()
    made = cloud.client("dynamodb").put_resource_policy(ResourceArn=arn, Policy=policy)
    return arn, {"revisionId": made["RevisionId"]}


def delete_resource_policy(cloud: Cloud, id_: str) -> None:
    cloud.client("dynamodb").delete_resource_policy(ResourceArn=id_)


def key_schema(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    keys = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return [*keys, {"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else keys


def secondary_index(index: dict[str, Any]) -> dict[str, Any]:
    if "keySchemas" not in index:
        raise UnsupportedError(f"index {index['name']!r} has no 'keySchemas'; hashKey is deprecated by the provider")
    projection = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    return {
        "IndexName": index["name"],
        "KeySchema": spelt(index["keySchemas"]),
        "Projection": projection,
    }
