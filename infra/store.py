"""The table of approval records: one item a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract.record import EXECUTION_INDEX, STATUS_INDEX, Attribute
from infra.shared.iam import deny_others, document

# Every way to write an item; a transaction is authorized as the single writes in it. DeleteItem is left to IAM: people
# may ask for their record to be removed, and a record that is gone approves nothing. Expiry is no call at all.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html
ITEM_WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem")
# Writes that name no attributes; we use none of them.
STATEMENT_WRITES = ("dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate")
KEYS = (Attribute.REQUEST_ID, Attribute.EXECUTION_ARN, Attribute.STATUS, Attribute.REQUESTED_AT)  # of table and indexes
# Of the stream, what gives out records.
STREAM_READS = ("dynamodb:GetRecords", "dynamodb:GetShardIterator")


@dataclass(frozen=True, kw_only=True)
class ApprovalStoreArgs:
    """`protect` guards the table against deletion, by AWS and by Pulumi; `stream` is for one reader of all changes."""

    protect: bool
    point_in_time_recovery: bool
    stream: bool


class ApprovalStore(pulumi.ComponentResource):
    """A DynamoDB table, on demand, encrypted with a key that AWS owns, whose items expire by TTL after the audit time.

    "Enabled" encryption would be the account's KMS key, which charges each request and protects no better here:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html

    Call `admit` once those who write to it have their roles, and `admit_reader` if there is a stream.
    """

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    execution_index_arn: pulumi.Output[str]
    status_index_arn: pulumi.Output[str]
    stream_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ApprovalStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("signoff:store:ApprovalStore", name, None, opts)
        self._name = name

        table = aws.dynamodb.Table(
            f"{name}-table",
            billing_mode="PAY_PER_REQUEST",
            hash_key=Attribute.REQUEST_ID,
            attributes=[{"name": name, "type": "S"} for name in KEYS],
            # The event of an ending names its execution only; an operator asks who waits.
            global_secondary_indexes=[
                _index(EXECUTION_INDEX, Attribute.EXECUTION_ARN),
                _index(STATUS_INDEX, Attribute.STATUS, Attribute.REQUESTED_AT),
            ],
            ttl={"attribute_name": Attribute.EXPIRES_AT, "enabled": True},
            point_in_time_recovery={"enabled": args.point_in_time_recovery},
            deletion_protection_enabled=args.protect,
            stream_enabled=args.stream,
            stream_view_type="NEW_AND_OLD_IMAGES" if args.stream else None,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )

        self.table_name, self.table_arn, self.stream_arn = table.name, table.arn, table.stream_arn
        self.execution_index_arn, self.status_index_arn = (
            pulumi.Output.concat(table.arn, f"/index/{index}") for index in (EXECUTION_INDEX, STATUS_INDEX)
        )
        self.register_outputs(
            {
                "table_name": self.table_name,
                "table_arn": self.table_arn,
                "execution_index_arn": self.execution_index_arn,
                "status_index_arn": self.status_index_arn,
                "stream_arn": self.stream_arn,
            }
        )

    def admit(self, *, voting: pulumi.Input[str], writing: Sequence[pulumi.Input[str]]) -> None:
        """The ARNs of the roles that may write items, and of the one among them that may write votes.

        Nobody else may, whatever IAM says. Each statement denies, and `ForAnyValue` is false of a request that names no
        attribute; an Allow by `ForAllValues` would be true of it.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        """
        aws.dynamodb.ResourcePolicy(
            f"{self._name}-policy",
            resource_arn=self.table_arn,
            policy=document(
                deny_others("OnlyWriters", [*ITEM_WRITES, *STATEMENT_WRITES], self.table_arn, voting, *writing),
                deny_others(
                    "OnlyThePageVotes",
                    ITEM_WRITES,
                    self.table_arn,
                    voting,
                    condition={"ForAnyValue:StringEquals": {"dynamodb:Attributes": [Attribute.VOTES]}},
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def admit_reader(self, role_arn: pulumi.Input[str]) -> None:
        """The ARN of the only role that may read the stream: whoever reads all changes has read all records.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-attach-resource-policy-streams.html
        """
        aws.dynamodb.ResourcePolicy(
            f"{self._name}-stream-policy",
            resource_arn=self.stream_arn,
            policy=document(deny_others("OnlyItsReader", STREAM_READS, self.stream_arn, role_arn)),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _index(name: str, *keys: Attribute) -> Any:
    kinds = zip(keys, ("HASH", "RANGE"), strict=False)
    schema = [{"attribute_name": key, "key_type": kind} for key, kind in kinds]
    return {"name": name, "key_schemas": schema, "projection_type": "KEYS_ONLY"}
