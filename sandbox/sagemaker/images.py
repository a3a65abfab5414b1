"""Container images in moto's ECR: what the sandbox's models run in, so that who looks for it finds it."""

from __future__ import annotations

import json

from sandbox.sagemaker.arns import ACCOUNT, REGION

TAG = "stable"


def put_image(repository: str) -> str:
    """Push the image of a model, with its repository, unless they are there; answers the image's address."""
    from moto.ecr.models import ecr_backends  # slow to import, and only needed while serving

    backend = ecr_backends[ACCOUNT][REGION]
    if repository not in backend.repositories:
        backend.create_repository(repository, ACCOUNT, {"encryptionType": "AES256"}, None, "MUTABLE", [])
        manifest = {"schemaVersion": 2, "config": {"digest": f"sha256:{repository.encode().hex():0<64.64}"}}
        backend.put_image(repository, json.dumps(manifest), TAG, "application/vnd.oci.image.manifest.v1+json")
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{TAG}"
