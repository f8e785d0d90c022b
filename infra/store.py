"""The table of approval records: one item a request."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.config import Settings

EXECUTION_INDEX = "by-execution"


@dataclass(frozen=True, kw_only=True)
class ApprovalStoreArgs:
    """`settings.protect` guards the table against deletion, by AWS and by Pulumi."""

    settings: Settings


class ApprovalStore(pulumi.ComponentResource):
    """A DynamoDB table, on demand, encrypted with a key that AWS owns, whose items expire by TTL after the audit time.

    "Enabled" encryption would be the account's KMS key, which charges each request and protects no better here:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    execution_index_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ApprovalStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:store:ApprovalStore", name, None, opts)

        table = aws.dynamodb.Table(
            f"{name}-table",
            billing_mode="PAY_PER_REQUEST",
            hash_key="requestId",
            attributes=[{"name": "requestId", "type": "S"}, {"name": "executionArn", "type": "S"}],
            # A run that has ended names its execution only.
            global_secondary_indexes=[
                {
                    "name": EXECUTION_INDEX,
                    "key_schemas": [{"attribute_name": "executionArn", "key_type": "HASH"}],
                    "projection_type": "KEYS_ONLY",
                }
            ],
            ttl={"attribute_name": "expiresAt", "enabled": True},
            point_in_time_recovery={"enabled": args.settings.point_in_time_recovery},
            deletion_protection_enabled=args.settings.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )

        self.table_name, self.table_arn = table.name, table.arn
        self.execution_index_arn = pulumi.Output.concat(table.arn, f"/index/{EXECUTION_INDEX}")
        self.register_outputs(
            {
                "table_name": self.table_name,
                "table_arn": self.table_arn,
                "execution_index_arn": self.execution_index_arn,
            }
        )
