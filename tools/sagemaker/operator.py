"""SageMaker, changed: sends exactly the request that a remediation's spec made, under its role, once."""

from tools.sagemaker.declared_calls import DeclaredCalls

METHODS = {
    "CreateEndpointConfig": "create_endpoint_config",
    "CreateModel": "create_model",
    "StartPipelineExecution": "start_pipeline_execution",
    "UpdateEndpoint": "update_endpoint",
    "UpdateEndpointWeightsAndCapacities": "update_endpoint_weights_and_capacities",
    "UpdateModelPackage": "update_model_package",
}
"""The operations that the specs declare, and boto3's method of each; nothing else can be sent."""


class SageMakerOperator(DeclaredCalls):
    """Sends changing calls. One attempt each: whether a lost one took effect is found out by describing, not by sending
    it again. Where a model or a config of a name is there already (`AlreadyExists`): describe, and compare.
    """

    service = "SageMaker"
    methods = METHODS
