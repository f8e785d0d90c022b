"""API Gateway HTTP APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.differences import api_endpoint

if TYPE_CHECKING:
    from sandbox.cloud import Cloud
    from sandbox.resources.given import Given

DEFAULT_STAGE = "$default"


def api(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name = given.physical_name(128, ".")
    wanted = given.request(
        "corsConfiguration",
        "description",
        "disableExecuteApiEndpoint",
        "ipAddressType",
        "protocolType",
        "routeSelectionExpression",
        "version",
    )
    given.finish()
    made = cloud.client("apigatewayv2").create_api(Name=name, **wanted)["ApiId"]
    return made, {
        "name": name,
        "apiEndpoint": api_endpoint(cloud.endpoint, made),
        "arn": f"arn:aws:apigateway:{cloud.region}::/apis/{made}",
        "executionArn": cloud.arn("execute-api", made),
    }


def integration(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    wanted = given.request(
        "apiId",
        "connectionType",
        "credentialsArn",
        "description",
        "integrationMethod",
        "integrationSubtype",
        "integrationType",
        "integrationUri",
        "payloadFormatVersion",
        "requestParameters",
        timeoutMilliseconds="TimeoutInMillis",
    )
    given.finish()
    return cloud.client("apigatewayv2").create_integration(**wanted)["IntegrationId"], {}


def route(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    wanted = given.request("apiId", "apiKeyRequired", "authorizationType", "operationName", "routeKey", "target")
    given.finish()
    return cloud.client("apigatewayv2").create_route(**wanted)["RouteId"], {}


def stage(cloud: Cloud, given: Given) -> tuple[str, dict[str, Any]]:
    name, api_id = given.physical_name(128, r"[A-Za-z0-9_$-]"), given.need("apiId")
    wanted = given.request("accessLogSettings", "autoDeploy", "defaultRouteSettings", "description", "stageVariables")
    if routes := given.take("routeSettings"):
        wanted["RouteSettings"] = {
            one["routeKey"]: {key[0].upper() + key[1:]: value for key, value in one.items() if key != "routeKey"}
            for one in routes
        }
    given.finish()
    cloud.client("apigatewayv2").create_stage(ApiId=api_id, StageName=name, **wanted)
    base = api_endpoint(cloud.endpoint, api_id).removesuffix(DEFAULT_STAGE)
    return name, {
        "name": name,
        "arn": f"arn:aws:apigateway:{cloud.region}::/apis/{api_id}/stages/{name}",
        "executionArn": f"{cloud.arn('execute-api', api_id)}/{name}",
        "invokeUrl": base + name + ("/" if name == DEFAULT_STAGE else ""),  # with the slash on AWS as well
    }
