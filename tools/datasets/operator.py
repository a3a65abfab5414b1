"""S3 objects, marked: sends exactly the requests of a quarantine, under its role, once each. Deletes nothing."""

from tools.sagemaker.declared_calls import DeclaredCalls

METHODS = {"PutObject": "put_object", "PutObjectTagging": "put_object_tagging"}
"""The operations that the specs declare, and boto3's method of each; nothing else can be sent."""


class DatasetOperator(DeclaredCalls):
    """Puts manifests and tags. One attempt each; both may be sent again, as they say the whole of what is to be."""

    service = "S3"
    methods = METHODS
