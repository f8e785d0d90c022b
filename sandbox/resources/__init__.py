"""Makes and deletes the program's resources in the emulator: what the AWS provider would do, through boto3."""

from __future__ import annotations

from typing import Any

from sandbox.cloud import Cloud
from sandbox.resources.catalog import RESOURCES, STORED_ONLY
from sandbox.resources.resource import Resource
from sandbox.resources.spelling import UnsupportedError

__all__ = ["UnsupportedError", "create", "delete"]


def create(type_: str, name: str, inputs: dict[str, Any], cloud: Cloud | None = None) -> tuple[str, dict[str, Any]]:
    """Create one resource; returns the provider's id and the outputs (the inputs and what AWS computes).

    type_   Pulumi type token
    name    logical name
    inputs  plain values in camelCase; code as a pulumi.AssetArchive
    cloud   the emulator that the environment names unless given
    Raises UnsupportedError for a type, an input or a name that the sandbox cannot do as AWS would.
    """
    cloud = cloud or Cloud.from_environment()
    resource = known(type_, name)
    if (region := inputs.get("region") or cloud.region) != cloud.region:
        raise UnsupportedError(f"{type_} {name!r} is for region {region}; this emulator stands for {cloud.region}")
    sent = {key: value for key, value in inputs.items() if key != "region" and key not in STORED_ONLY}
    id_, computed = resource.make(cloud, type_, name, sent)
    return id_, {**inputs, **computed}


def delete(type_: str, id_: str, outputs: dict[str, Any], cloud: Cloud | None = None) -> None:
    """Delete what `create` has made, by the id and the outputs that it gave. Raises UnsupportedError for other types.

    It is not asked what hangs on the resource: delete in the reverse order of creation.
    """
    known(type_, id_).unmake(cloud or Cloud.from_environment(), type_, id_, outputs)


def known(type_: str, name: str) -> Resource:
    if type_ not in RESOURCES:
        raise UnsupportedError(f"the sandbox does not know {type_} ({name!r}): add it to sandbox/resources/catalog.py")
    return RESOURCES[type_]
