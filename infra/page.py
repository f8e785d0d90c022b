"""The page behind the link: an HTTP API, all of whose routes lead to one function."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.contract.settings import PageSettings
from infra.config.settings import Settings
from infra.shared.function import PythonFunction, PythonFunctionArgs
from infra.shared.iam import allow, callback_statements
from infra.shared.packaging import LOGGING, RENDERING
from infra.store import ApprovalStore

LINK = "/approvals/{requestId}/{secret}"
# Requests that match no other route, such as a truncated or upper-case link, get our page as well.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
STRAYS = "$default"
FUNCTION_TIMEOUT_SECONDS = 25  # the API itself gives up after 30
# A person presses once. This is enough for a whole company, and it bounds the cost of an attack.
REQUESTS_PER_SECOND, BURST = 20, 40
# Never the path, which holds the link's secret.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "sourceIp": "$context.identity.sourceIp",
    "latencyMs": "$context.responseLatency",
    "integrationStatus": "$context.integrationStatus",
    "integrationError": "$context.integrationErrorMessage",
}


@dataclass(frozen=True, kw_only=True)
class PageArgs:
    """Whose requests are shown and answered. With the setting `one_click`, a GET of a link of its own approves."""

    store: ApprovalStore
    state_machine_arn: pulumi.Input[str]
    settings: Settings


class Page(pulumi.ComponentResource):
    """`url` is the address that links are made of, without a slash at its end."""

    url: pulumi.Output[str]
    api_id: pulumi.Output[str]
    execution_arn: pulumi.Output[str]
    function: PythonFunction

    def __init__(self, name: str, args: PageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:page:Page", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        store = args.store

        self.function = PythonFunction(
            name,
            PythonFunctionArgs(
                entry="page",
                libraries=LOGGING + RENDERING,
                reads=PageSettings,
                values={"table_name": store.table_name},
                statements=[
                    allow("Decide", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [store.table_arn]),
                    *callback_statements(args.state_machine_arn),
                ],
                timeout_seconds=FUNCTION_TIMEOUT_SECONDS,
                memory_mib=512,
                settings=args.settings,
            ),
            opts=child,
        )
        api = aws.apigatewayv2.Api(f"{name}-api", protocol_type="HTTP", opts=child)
        integration = aws.apigatewayv2.Integration(
            f"{name}-integration",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=self.function.arn,
            payload_format_version="2.0",
            opts=child,
        )
        # The function needs one route only. By these the access log, which must not hold the path, tells what came.
        routes = {"show": f"GET {LINK}", "probe": f"HEAD {LINK}", "decide": f"POST {LINK}", "stray": STRAYS}
        if args.settings.one_click:
            pulumi.log.warn(
                "oneClick is on: whatever follows the link in a mail approves, and mail scanners follow links.", self
            )
            # The page shown there may have a form, which posts to its own address.
            routes |= {"approve": f"GET {LINK}/approve", "decide-there": f"POST {LINK}/approve"}
        for purpose, route_key in routes.items():
            aws.apigatewayv2.Route(
                f"{name}-{purpose}",
                api_id=api.id,
                route_key=route_key,
                target=pulumi.Output.concat("integrations/", integration.id),
                opts=child,
            )
        permissions = [
            aws.lambda_.Permission(
                f"{name}-{purpose}",
                action="lambda:InvokeFunction",
                function=self.function.name,
                principal="apigateway.amazonaws.com",
                source_arn=pulumi.Output.concat(api.execution_arn, route),
                opts=child,
            )
            for purpose, route in {"invoke": "/*/*/approvals/*", "invoke-stray": f"/*/{STRAYS}"}.items()
        ]
        logs = aws.cloudwatch.LogGroup(
            f"{name}-access-logs",
            name_prefix="/aws/vendedlogs/apis/",
            retention_in_days=args.settings.log_retention_days,
            opts=child,
        )
        aws.apigatewayv2.Stage(
            f"{name}-stage",
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(ACCESS_LOG)},
            default_route_settings={
                "throttling_rate_limit": REQUESTS_PER_SECOND,
                "throttling_burst_limit": BURST,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
        )

        self.url, self.api_id, self.execution_arn = api.api_endpoint, api.id, api.execution_arn
        self.register_outputs(
            {
                "url": self.url,
                "api_id": self.api_id,
                "execution_arn": self.execution_arn,
                "function_arn": self.function.arn,
            }
        )
