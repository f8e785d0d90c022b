"""One logger and one metrics sink for a function. Never give them a link, a secret, a token or an event."""

from __future__ import annotations

import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# Most calls of the page count nothing, and that is no news.
warnings.filterwarnings("ignore", "No application metrics to publish")

# Service and namespace come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_METRICS_NAMESPACE, set by the deployment.
logger = Logger()
metrics = Metrics()


def observe(environment: str) -> None:
    """Once a process. `environment` is the stack's name: stacks of one account share the metrics' namespace."""
    metrics.set_default_dimensions(stack=environment)


def count(name: str, times: int = 1) -> None:
    """Add to one of the approval's metrics: Requested, Approved, Rejected, Mails, NotDelivered, AnsweredWithoutVote."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=times)
