"""Lambda."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.archive import zipped

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given

UNRESERVED = -1  # what the provider takes for "no reserved concurrency"


def function(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(64, "[A-Za-z0-9_-]")
    wanted = given.request(
        "architectures",
        "deadLetterConfig",
        "description",
        "environment",
        "ephemeralStorage",
        "handler",
        "layers",
        "loggingConfig",
        "memorySize",
        "packageType",
        "publish",
        "role",
        "runtime",
        "snapStart",
        "timeout",
        "tracingConfig",
        kmsKeyArn="KMSKeyArn",
    )
    code, reserved = given.need("code"), given.take("reservedConcurrentExecutions", UNRESERVED)
    given.finish()

    client = cloud.client("lambda")
    made = client.create_function(FunctionName=name, Code={"ZipFile": zipped(code)}, **wanted)
    if reserved != UNRESERVED:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    arn = made["FunctionArn"]
    return name, {
        "name": name,
        "arn": arn,
        "qualifiedArn": f"{arn}:{made['Version']}",
        "invokeArn": f"arn:aws:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        "version": made["Version"],
        "codeSha256": made["CodeSha256"],
    }


def permission(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name, statement = given.need("function"), given.take("statementId") or f"pulumi-{secrets.token_hex(8)}"
    wanted = given.request(
        "action",
        "eventSourceToken",
        "principal",
        "qualifier",
        "sourceAccount",
        "sourceArn",
        principalOrgId="PrincipalOrgID",
    )
    given.finish()
    cloud.client("lambda").add_permission(FunctionName=name, StatementId=statement, **wanted)
    return statement, {"statementId": statement}


def event_invoke_config(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.need("functionName")
    wanted = given.request("maximumEventAgeInSeconds", "maximumRetryAttempts", "qualifier", "destinationConfig")
    given.finish()
    cloud.client("lambda").put_function_event_invoke_config(FunctionName=name, **wanted)
    return name, {}


def event_source_mapping(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    wanted = given.request(
        "batchSize",
        "enabled",
        "eventSourceArn",
        "filterCriteria",
        "functionName",
        "functionResponseTypes",
        "maximumBatchingWindowInSeconds",
        "scalingConfig",
    )
    given.finish()
    made = cloud.client("lambda").create_event_source_mapping(**wanted)
    return made["UUID"], {
        "uuid": made["UUID"],
        "arn": cloud.arn("lambda", f"event-source-mapping:{made['UUID']}"),
        "functionArn": made["FunctionArn"],
        "state": made["State"],
    }
