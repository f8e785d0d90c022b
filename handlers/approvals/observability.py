"""One logger and one metrics sink per function. Never pass them a link, a secret, a token or an event."""

import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from handlers.contract.metrics import Metric

# Most page views publish no metrics, so the warning is noise.
warnings.filterwarnings("ignore", "No application metrics to publish")

# Service and namespace come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_METRICS_NAMESPACE, set by the deployment.
logger = Logger()
metrics = Metrics()


def observe(label: str) -> None:
    """Call once per process. The label tells one from another: they share the metrics namespace of an account."""
    metrics.set_default_dimensions(label=label)


def count(metric: Metric, times: int = 1) -> None:
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=times)


def measure(metric: Metric, seconds: float) -> None:
    metrics.add_metric(name=metric, unit=MetricUnit.Seconds, value=seconds)
