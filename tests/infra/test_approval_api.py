"""The HTTP API behind the link: its routes, who may call the function, and what its log keeps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from tests.support.harness import Graph

LINK = "/approvals/{requestId}/{secret}"
STRAYS = "$default"
DOOR = "POST /operate"  # the operator's, whose callers sign
STAGE = "aws:apigatewayv2/stage:Stage"
PERMISSION = "aws:lambda/permission:Permission"
ROUTE = "aws:apigatewayv2/route:Route"
# Variables of an access log that hold nothing of the link, nor of what a person sends.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
HARMLESS = {
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "identity.sourceIp",
    "responseLatency",
    "integrationStatus",
    "integrationErrorMessage",
}


def routes(graph: Graph) -> set[str]:
    return {route.inputs["routeKey"] for route in graph.of(ROUTE)}


def test_a_link_that_approves_by_being_opened_exists_only_where_it_is_switched_on(bare, full):
    assert routes(bare) == {f"GET {LINK}", f"HEAD {LINK}", f"POST {LINK}", STRAYS, DOOR}
    assert routes(full) - routes(bare) == {f"GET {LINK}/approve", f"POST {LINK}/approve"}


def test_the_api_has_the_routes_that_its_description_names(full):
    paths = yaml.safe_load((Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text(encoding="utf-8"))["paths"]
    described = {f"{name.upper()} {path}" for path, item in paths.items() for name in item if name != "parameters"}
    assert routes(full) == described | {STRAYS, DOOR}


def test_every_route_leads_to_its_function_and_the_door_takes_nobody_who_does_not_sign(graph):
    for name in ("page", "operate"):
        integration = graph.named("aws:apigatewayv2/integration:Integration", f"{name}-integration")
        assert integration.inputs["integrationType"] == "AWS_PROXY"
        assert integration.inputs["payloadFormatVersion"] == "2.0"
        assert integration.inputs["integrationUri"].endswith(f":function:{name}-0a1b2c3")
    for route in graph.of(ROUTE):
        door = route.inputs["routeKey"] == DOOR
        assert route.inputs["target"] == f"integrations/{'operate' if door else 'page'}-integration-id"
        assert route.inputs.get("authorizationType") == ("AWS_IAM" if door else None)
        assert route.inputs["apiId"] == "page-api-id"
    assert graph.named(PERMISSION, "operate-invoke").urn in graph.named(ROUTE, "operate-route").depends_on


def test_the_access_log_goes_to_a_group_for_vended_logs_and_holds_nothing_of_the_link(graph):
    settings = graph.named(STAGE, "page-stage").inputs["accessLogSettings"]
    kept = json.loads(settings["format"])
    variables = re.findall(r"\$context\.([\w.]+)", " ".join(kept.values()))
    assert len(variables) == len(kept)
    assert set(variables) <= HARMLESS
    assert kept["route"] == "$context.routeKey"
    arn = r"arn:aws:logs:[^:]+:\d+:log-group:/aws/vendedlogs/apis/page-access-logs-\w+"
    assert re.fullmatch(arn, settings["destinationArn"])


def test_the_api_is_throttled(graph):
    limits = graph.named(STAGE, "page-stage").inputs["defaultRouteSettings"]
    assert 0 < limits["throttlingRateLimit"] <= limits["throttlingBurstLimit"] <= 100


def test_the_api_is_open_when_the_function_may_be_called(graph):
    stage = graph.named(STAGE, "page-stage")
    assert stage.inputs["autoDeploy"] is True
    for name in ("page-invoke", "page-invoke-stray"):
        assert graph.named(PERMISSION, name).urn in stage.depends_on
