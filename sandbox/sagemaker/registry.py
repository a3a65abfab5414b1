"""The model registry: package groups and their versions, with approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.arns import arn_of, name_of
from sandbox.sagemaker.errors import ApiError, invalid
from sandbox.sagemaker.paging import Listing
from sandbox.sagemaker.tags import Tags
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """A model package group."""

    name: str
    arn: str
    created: float
    description: str


@dataclass
class Package:
    """A model package: one version of a group, or one without a group.

    Attributes:
        group: the group's name; empty for a package of its own name.
        name: the package's own name; the group's for a version.
        version: its version in the group; 0 without a group.
        arn: its ARN.
        created: unix seconds.
        request: the parameters it was registered with.
        approval: Approved, Rejected or PendingManualApproval.
        approval_description: why, in the approver's words.
        metadata: the customer metadata properties.
        modified: unix seconds of the last change; None when there was none.
    """

    group: str
    name: str
    version: int
    arn: str
    created: float
    request: Json
    approval: str
    metadata: dict[str, str]
    approval_description: str | None = None
    modified: float | None = None


class Registry:
    """The package groups and packages of the account, and every operation on them."""

    def __init__(self, clock: WorldClock, tags: Tags) -> None:
        self._clock = clock
        self._tags = tags
        self.groups: dict[str, Group] = {}
        self.packages: dict[str, Package] = {}
        self._tokens: dict[str, str] = {}

    def create_group(self, request: Json, created: float | None = None) -> Json:
        """CreateModelPackageGroup."""
        name = str(request["ModelPackageGroupName"])
        arn = arn_of("model-package-group", name)
        if name in self.groups:
            raise invalid(f"Model Package Group already exists: {arn}")
        moment = self._clock.now() if created is None else created
        self.groups[name] = Group(name, arn, moment, str(request.get("ModelPackageGroupDescription", "")))
        self._tags.put(arn, request.get("Tags"))
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, request: Json) -> Json:
        """DescribeModelPackageGroup."""
        group = self._group(str(request["ModelPackageGroupName"]))
        return {**_group_summary(group), "CreatedBy": {}}

    def list_groups(self, request: Json) -> Json:
        """ListModelPackageGroups."""
        return _GROUPS.answer(list(self.groups.values()), request)

    def create_package(self, request: Json) -> Json:
        """CreateModelPackage; the same ClientToken answers with the same package."""
        token = request.get("ClientToken")
        if token is not None and token in self._tokens:
            return {"ModelPackageArn": self._tokens[token]}
        own, group = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
        if bool(own) == bool(group):
            raise invalid("Exactly one of ModelPackageName and ModelPackageGroupName must be provided.")
        if group:
            package = self.register(name_of(str(group)), request)
        else:
            package = self._keep("", str(own), 0, request, None)
        if token is not None:
            self._tokens[str(token)] = package.arn
        return {"ModelPackageArn": package.arn}

    def register(
        self, group: str, request: Json, *, version: int | None = None, created: float | None = None
    ) -> Package:
        """Add a version to a group: the next one, unless `version` says which."""
        self._group(group)
        return self._keep(group, group, version or self.next_version(group), request, created)

    def next_version(self, group: str) -> int:
        """The version the next package of this group gets."""
        return 1 + max((package.version for package in self.versions(group)), default=0)

    def versions(self, group: str) -> list[Package]:
        """The packages of a group, oldest version first."""
        mine = [package for package in self.packages.values() if package.group == group]
        return sorted(mine, key=lambda package: package.version)

    def describe_package(self, request: Json) -> Json:
        """DescribeModelPackage, by ARN; by name for a package without a group."""
        package = self._package(str(request["ModelPackageName"]))
        skipped = {
            "Tags",
            "ClientToken",
            "ModelPackageName",
            "ModelPackageGroupName",
            "CustomerMetadataProperties",
        }
        answer: Json = {key: value for key, value in package.request.items() if key not in skipped}
        answer |= _package_summary(package)
        answer["ModelPackageStatusDetails"] = {"ValidationStatuses": [], "ImageScanStatuses": []}
        answer["CustomerMetadataProperties"] = dict(package.metadata)
        if package.approval_description is not None:
            answer["ApprovalDescription"] = package.approval_description
        if package.modified is not None:
            answer["LastModifiedTime"] = package.modified
        return answer

    def list_packages(self, request: Json) -> Json:
        """ListModelPackages: versions of a group when one is named, else what ModelPackageType says."""
        group, approval = request.get("ModelPackageGroupName"), request.get("ModelApprovalStatus")
        packages = list(self.packages.values())
        if group:
            name = self._group(name_of(str(group))).name
            packages = [package for package in packages if package.group == name]
        else:
            kind = request.get("ModelPackageType") or "Unversioned"
            packages = [
                package for package in packages if kind == "Both" or bool(package.group) == (kind == "Versioned")
            ]
        if approval:
            packages = [package for package in packages if package.approval == approval]
        return _PACKAGES.answer(packages, request)

    def update_package(self, request: Json) -> Json:
        """UpdateModelPackage: approval, its description, and customer metadata."""
        package = self._package(str(request["ModelPackageArn"]))
        if request.get("ModelApprovalStatus"):
            package.approval = str(request["ModelApprovalStatus"])
        if request.get("ApprovalDescription") is not None:
            package.approval_description = str(request["ApprovalDescription"])
        package.metadata |= request.get("CustomerMetadataProperties") or {}
        dropped: list[str] = request.get("CustomerMetadataPropertiesToRemove") or []
        for key in dropped:
            package.metadata.pop(key, None)
        package.modified = self._clock.now()
        return {"ModelPackageArn": package.arn}

    def delete_package(self, request: Json) -> Json:
        """DeleteModelPackage."""
        package = self._package(str(request["ModelPackageName"]))
        del self.packages[package.arn]
        self._tags.forget(package.arn)
        return {}

    def _keep(self, group: str, name: str, version: int, request: Json, created: float | None) -> Package:
        arn = arn_of("model-package", f"{name}/{version}" if group else name)
        if arn in self.packages:
            raise ApiError("ConflictException", f"Model package already exists: {arn}")
        package = Package(
            group=group,
            name=name,
            version=version,
            arn=arn,
            created=self._clock.now() if created is None else created,
            request=request,
            approval=str(request.get("ModelApprovalStatus") or "PendingManualApproval"),
            metadata=dict(request.get("CustomerMetadataProperties") or {}),
        )
        self.packages[arn] = package
        self._tags.put(arn, request.get("Tags"))
        return package

    def _group(self, name: str) -> Group:
        group = self.groups.get(name_of(name))
        if group is None:
            raise invalid(f"ModelPackageGroup {arn_of('model-package-group', name_of(name))} does not exist.")
        return group

    def _package(self, name_or_arn: str) -> Package:
        arn = name_or_arn if name_or_arn.startswith("arn:") else arn_of("model-package", name_or_arn)
        package = self.packages.get(arn)
        if package is None:
            raise invalid(f"ModelPackage {arn} does not exist.")
        return package


def _group_summary(group: Group) -> Json:
    return {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupDescription": group.description,
        "CreationTime": group.created,
        "ModelPackageGroupStatus": "Completed",
    }


def _package_summary(package: Package) -> Json:
    summary: Json = {
        "ModelPackageArn": package.arn,
        "ModelPackageDescription": str(package.request.get("ModelPackageDescription", "")),
        "CreationTime": package.created,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": package.approval,
    }
    if package.group:
        return summary | {"ModelPackageGroupName": package.group, "ModelPackageVersion": package.version}
    return summary | {"ModelPackageName": package.name}


_GROUPS = Listing[Group](
    key="ModelPackageGroupSummaryList",
    summary=_group_summary,
    name=lambda group: group.name,
    created=lambda group: group.created,
)
_PACKAGES = Listing[Package](
    key="ModelPackageSummaryList",
    summary=_package_summary,
    name=lambda package: f"{package.name}/{package.version:06d}",
    created=lambda package: package.created,
)
