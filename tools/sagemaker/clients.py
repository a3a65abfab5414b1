"""The clients that readers share: each made at its first use, and bolted so that it only reads."""

import threading
from typing import TYPE_CHECKING, Any

from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.readonly import refuse_changes

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

NAMES = {
    "application-autoscaling": "Auto Scaling",
    "cloudwatch": "CloudWatch",
    "ecr": "ECR",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "service-quotas": "Service Quotas",
}
"""boto3's name of each service that is read, and the one in our errors."""


class ReadingClients:
    """Of one connection. Safe to share between threads."""

    def __init__(self, connection: AwsConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    def of(self, service: str) -> Any:
        """The service's client. It reads; any other operation raises `AccessDenied` unsent."""
        with self._lock:
            if service not in self._made:
                made = self._connection.client(service, attempts=3)
                refuse_changes(made, NAMES[service])
                self._made[service] = made
            return self._made[service]

    @property
    def sagemaker(self) -> "SageMakerClient":
        """SageMaker's, with its types."""
        return self.of("sagemaker")

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            for made in self._made.values():
                made.close()
