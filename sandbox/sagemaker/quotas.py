"""Service Quotas, as far as endpoints need it: moto serves none of SageMaker's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

USUAL = 20
"""What the sandbox tells for an instance type whose quota nobody has set; it is not enforced."""


def list_service_quotas(body: bytes, limits: Mapping[str, int], instance_types: Iterable[str]) -> Json:
    """ListServiceQuotas: one quota for each instance type that has a limit or is in use."""
    asked: Json = json.loads(body or b"{}")
    kinds = sorted({*limits, *instance_types}) if asked.get("ServiceCode") == "sagemaker" else []
    return {
        "Quotas": [
            {
                "ServiceCode": "sagemaker",
                "QuotaName": f"{kind} for endpoint usage",
                "QuotaCode": f"L-{kind.encode().hex().upper():0<8.8}",
                "Value": float(limits.get(kind, USUAL)),
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
            for kind in kinds
            if kind
        ]
    }
