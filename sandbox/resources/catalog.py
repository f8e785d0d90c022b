"""The resource types that the sandbox can make, each as one entry."""

from __future__ import annotations

from sandbox.differences import API_ENDPOINT, as_told_apart
from sandbox.resources.resource import Name, Resource

WORD = "[A-Za-z0-9_-]"
DOTTED = "[A-Za-z0-9_.-]"
IAM = "[A-Za-z0-9_+=,.@-]"

# Inputs that are kept among the outputs and not sent to the emulator, with the reason.
STORED_ONLY = {
    "tags": "nothing reads them back",
    "tagsAll": "computed by the provider from tags",
    "forceDestroy": "about deleting",
    "forceDetachPolicies": "about deleting",
    "skipDestroy": "about deleting",
    "sourceCodeHash": "for the provider's diff; the emulator hashes the archive itself",
    "confirmationTimeoutInMinutes": "the emulator confirms at once",
    "endpointAutoConfirms": "the emulator confirms at once",
}


RESOURCES = {
    "aws:apigatewayv2/api:Api": Resource(
        service="apigatewayv2",
        create="CreateApi",
        name=Name("Name", 128),
        id="{ApiId}",
        outputs={
            "apiEndpoint": API_ENDPOINT,
            "arn": "arn:aws:apigateway:{region}::/apis/{ApiId}",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{ApiId}",
        },
    ),
    "aws:apigatewayv2/integration:Integration": Resource(
        service="apigatewayv2",
        create="CreateIntegration",
        id="{IntegrationId}",
    ),
    "aws:apigatewayv2/route:Route": Resource(service="apigatewayv2", create="CreateRoute", id="{RouteId}"),
    "aws:apigatewayv2/stage:Stage": Resource(
        service="apigatewayv2",
        create="CreateStage",
        name=Name("StageName", 128, "[A-Za-z0-9_$-]"),
        outputs={"arn": "arn:aws:apigateway:{region}::/apis/{ApiId}/stages/{StageName}"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": Resource(
        service="cloudwatch",
        create="PutDashboard",
        id="{DashboardName}",
        delete="DeleteDashboards",
        by={"DashboardNames": ["{dashboardName}"]},
    ),
    "aws:cloudwatch/eventApiDestination:EventApiDestination": Resource(
        service="events",
        create="CreateApiDestination",
        name=Name("Name", 64, DOTTED),
        outputs={"arn": "{ApiDestinationArn}"},
    ),
    "aws:cloudwatch/eventConnection:EventConnection": Resource(
        service="events",
        create="CreateConnection",
        name=Name("Name", 64, DOTTED),
        renames={
            "authParameters.apiKey": "ApiKeyAuthParameters",
            "authParameters.apiKey.key": "ApiKeyName",
            "authParameters.apiKey.value": "ApiKeyValue",
        },
        outputs={"arn": "{ConnectionArn}"},
    ),
    "aws:cloudwatch/eventRule:EventRule": Resource(
        service="events",
        create="PutRule",
        name=Name("Name", 64, DOTTED),
        outputs={"arn": "{RuleArn}"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Resource(
        service="events",
        create="PutTargets",
        name=Name("Targets.Id", 64, DOTTED, key="targetId"),
        renames={
            key: f"Targets.{key[0].upper()}{key[1:]}"
            for key in ("arn", "deadLetterConfig", "input", "inputTransformer", "retryPolicy", "roleArn")
        }
        | {"inputTransformer.inputPaths": "InputPathsMap"},
        id="{rule}-{targetId}",
        delete="RemoveTargets",
        by={"Ids": ["{targetId}"]},
    ),
    "aws:cloudwatch/logGroup:LogGroup": Resource(
        service="logs",
        create="CreateLogGroup",
        also=("PutRetentionPolicy",),
        name=Name("logGroupName", 512, "[A-Za-z0-9_/.#-]"),
        outputs={"arn": "arn:aws:logs:{region}:{account}:log-group:{logGroupName}"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Resource(
        service="cloudwatch",
        create="PutMetricAlarm",
        name=Name("AlarmName", 255),
        renames={
            "metricQueries": "Metrics",
            "metricQueries.metric": "MetricStat",
            "metricQueries.metric.dimensions": "Metric.Dimensions",
            "metricQueries.metric.metricName": "Metric.MetricName",
            "metricQueries.metric.namespace": "Metric.Namespace",
        },
        outputs={"arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
        delete="DeleteAlarms",
        by={"AlarmNames": ["{name}"]},
    ),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": Resource(
        service="dynamodb",
        create="PutResourcePolicy",
        id="{ResourceArn}",
    ),
    "aws:dynamodb/table:Table": Resource(
        service="dynamodb",
        create="CreateTable",
        also=("UpdateTimeToLive", "UpdateContinuousBackups"),
        name=Name("TableName", 255, DOTTED),
        renames={
            "attributes": "AttributeDefinitions",
            "attributes.name": "AttributeName",
            "attributes.type": "AttributeType",
            "globalSecondaryIndexes.keySchemas": "KeySchema",
            "globalSecondaryIndexes.name": "IndexName",
            "globalSecondaryIndexes.projectionType": "Projection.ProjectionType",
            "hashKey": "KeySchema.AttributeName",
            "pointInTimeRecovery": "PointInTimeRecoverySpecification",
            "pointInTimeRecovery.enabled": "PointInTimeRecoveryEnabled",
            "streamEnabled": "StreamSpecification.StreamEnabled",
            "streamViewType": "StreamSpecification.StreamViewType",
            "ttl": "TimeToLiveSpecification",
        },
        fixed={"KeySchema.KeyType": "HASH"},
        outputs={"arn": "{TableDescription[TableArn]}", "streamArn": "{TableDescription[LatestStreamArn]}"},
    ),
    "aws:iam/policy:Policy": Resource(
        service="iam",
        create="CreatePolicy",
        name=Name("PolicyName", 128, IAM),
        renames={"policy": "PolicyDocument"},
        bend={"policy": as_told_apart},
        id="{Policy[Arn]}",
        outputs={"arn": "{Policy[Arn]}"},
    ),
    "aws:iam/role:Role": Resource(
        service="iam",
        create="CreateRole",
        name=Name("RoleName", 64, IAM),
        renames={"assumeRolePolicy": "AssumeRolePolicyDocument"},
        outputs={"arn": "{Role[Arn]}"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Resource(
        service="iam",
        create="PutRolePolicy",
        name=Name("PolicyName", 128, IAM),
        renames={"role": "RoleName", "policy": "PolicyDocument"},
        bend={"policy": as_told_apart},
        id="{RoleName}:{PolicyName}",
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Resource(
        service="lambda",
        create="CreateEventSourceMapping",
        renames={"destinationConfig.onFailure.destinationArn": "Destination"},
        id="{UUID}",
        outputs={"uuid": "{UUID}"},
    ),
    "aws:lambda/function:Function": Resource(
        service="lambda",
        create="CreateFunction",
        name=Name("FunctionName", 64, WORD),
        renames={"code": "Code.ZipFile"},
        outputs={"arn": "{FunctionArn}"},
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Resource(
        service="lambda",
        create="PutFunctionEventInvokeConfig",
        id="{functionName}",
    ),
    "aws:lambda/permission:Permission": Resource(
        service="lambda",
        create="AddPermission",
        name=Name("StatementId", 100, WORD, key="statementId"),
        renames={"function": "FunctionName"},
        id="{StatementId}",
        delete="RemovePermission",
    ),
    "aws:scheduler/schedule:Schedule": Resource(
        service="scheduler",
        create="CreateSchedule",
        name=Name("Name", 64, DOTTED),
        fixed={"GroupName": "default"},
        id="{GroupName}/{Name}",
        outputs={"arn": "{ScheduleArn}"},
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Resource(
        service="scheduler",
        create="CreateScheduleGroup",
        name=Name("Name", 64, DOTTED),
        outputs={"arn": "{ScheduleGroupArn}"},
    ),
    "aws:sesv2/configurationSet:ConfigurationSet": Resource(
        service="sesv2",
        create="CreateConfigurationSet",
        id="{ConfigurationSetName}",
    ),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": Resource(
        service="sesv2",
        create="CreateConfigurationSetEventDestination",
        id="{ConfigurationSetName}|{EventDestinationName}",
    ),
    "aws:sfn/stateMachine:StateMachine": Resource(
        service="stepfunctions",
        create="CreateStateMachine",
        name=Name("name", 80, WORD),
        renames={"loggingConfiguration.logDestination": "destinations.cloudWatchLogsLogGroup.logGroupArn"},
        id="{stateMachineArn}",
        outputs={"arn": "{stateMachineArn}"},
    ),
    "aws:sns/topic:Topic": Resource(
        service="sns",
        create="CreateTopic",
        name=Name("Name", 256, WORD),
        renames={"displayName": "Attributes.DisplayName", "kmsMasterKeyId": "Attributes.KmsMasterKeyId"},
        id="{TopicArn}",
        outputs={"arn": "{TopicArn}"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Resource(
        service="sns",
        create="SetTopicAttributes",
        renames={"arn": "TopicArn", "policy": "AttributeValue"},
        fixed={"AttributeName": "Policy"},
        id="{TopicArn}",
        delete="SetTopicAttributes",
        by={"AttributeValue": ""},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Resource(
        service="sns",
        create="Subscribe",
        renames={"topic": "TopicArn", "filterPolicy": "Attributes.FilterPolicy"},
        fixed={"ReturnSubscriptionArn": True},
        id="{SubscriptionArn}",
        outputs={"arn": "{SubscriptionArn}"},
        delete="Unsubscribe",
    ),
    "aws:sqs/queue:Queue": Resource(
        service="sqs",
        create="CreateQueue",
        name=Name("QueueName", 80, DOTTED),
        renames={
            "messageRetentionSeconds": "Attributes.MessageRetentionPeriod",
            "redriveAllowPolicy": "Attributes.RedriveAllowPolicy",
            "redrivePolicy": "Attributes.RedrivePolicy",
            "sqsManagedSseEnabled": "Attributes.SqsManagedSseEnabled",
            "visibilityTimeoutSeconds": "Attributes.VisibilityTimeout",
        },
        id="{QueueUrl}",
        outputs={"url": "{QueueUrl}", "arn": "arn:aws:sqs:{region}:{account}:{QueueName}"},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Resource(
        service="sqs",
        create="SetQueueAttributes",
        renames={"policy": "Attributes.Policy"},
        id="{QueueUrl}",
        delete="SetQueueAttributes",
        by={"Attributes": {"Policy": ""}},
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Resource(
        service="sqs",
        create="SetQueueAttributes",
        renames={"redriveAllowPolicy": "Attributes.RedriveAllowPolicy"},
        id="{QueueUrl}",
        delete="SetQueueAttributes",
        by={"Attributes": {"RedriveAllowPolicy": ""}},
    ),
}
