"""AWS list prices in dollars, us-east-1, as of November 2026, without free tiers.

If one of these pages now states another price, change it here only.
"""

from __future__ import annotations

REGION, DATE = "us-east-1", "November 2026"

STATE_TRANSITION = 0.025 / 1_000  # https://aws.amazon.com/step-functions/pricing/
# arm64. A cold start is billed, too. https://aws.amazon.com/lambda/pricing/
LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1_000_000
SQS_REQUEST = 0.40 / 1_000_000  # https://aws.amazon.com/sqs/pricing/
# A publish, and each e-mail it sends. https://aws.amazon.com/sns/pricing/
SNS_PUBLISH = 0.50 / 1_000_000
SNS_EMAIL = 2.00 / 100_000
KMS_REQUEST = 0.03 / 10_000  # https://aws.amazon.com/kms/pricing/
HTTP_API_REQUEST = 1.00 / 1_000_000  # https://aws.amazon.com/api-gateway/pricing/
# On demand: a kilobyte written, four kilobytes read consistently. https://aws.amazon.com/dynamodb/pricing/on-demand/
DYNAMODB_WRITE = 0.625 / 1_000_000
DYNAMODB_READ = 0.125 / 1_000_000
SCHEDULER_INVOCATION = 1.00 / 1_000_000  # https://aws.amazon.com/eventbridge/pricing/
# An alarm costs per metric it evaluates, each month. https://aws.amazon.com/cloudwatch/pricing/
ALARM_METRIC_MONTH = 0.10
CUSTOM_METRIC_MONTH = 0.30
LOG_GIGABYTE = 0.50
XRAY_TRACE = 5.00 / 1_000_000  # https://aws.amazon.com/xray/pricing/
