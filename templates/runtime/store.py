"""The object store, through boto3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
from botocore.config import Config

from common import ConfigError, ServiceError, optional_env

LIMITS = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 4})
ERRORS = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, boto3.exceptions.Boto3Error)


def bucket() -> str:
    """The pipeline's bucket, empty if it has no store."""
    return optional_env("MLP_STORE_BUCKET")


def split(uri: str) -> tuple[str, str]:
    """Split s3://bucket/key."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise ConfigError(f"{uri!r} is not an s3://bucket/key address")
    return parts.netloc, parts.path.strip("/")


class Store:
    """Files and directories below s3:// addresses."""

    def __init__(self, limits: Config = LIMITS) -> None:
        self._client: Any = boto3.client("s3", config=limits)

    def objects(self, uri: str) -> dict[str, int]:
        """Path below `uri` → size, of all objects there; the path of an object named exactly so is ''."""
        name, key = split(uri)
        return {found[len(key) :].strip("/"): size for found, size in self._list(name, key) if _below(found, key)}

    def _list(self, name: str, key: str) -> Iterator[tuple[str, int]]:
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=key):
                yield from ((o["Key"], o["Size"]) for o in page.get("Contents", []))
        except ERRORS as error:
            raise _failed("list", f"s3://{name}/{key}", error) from None

    def upload(self, path: Path, uri: str) -> None:
        """Upload a file, or all files of a directory; complete only when this returns."""
        name, key = split(uri)
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            target = key if file == path else f"{key}/{file.relative_to(path).as_posix()}"
            try:
                self._client.upload_file(str(file), name, target)
            except ERRORS as error:
                raise _failed("write", f"s3://{name}/{target}", error) from None

    def download(self, uri: str, path: Path) -> None:
        """Download an object to `path`, or all objects below `uri` into the directory `path`."""
        name, key = split(uri)
        found = self.objects(uri)
        if not found:
            raise ServiceError(f"object store: there is nothing at {uri}")
        for below in found:
            file = inside(path, below)
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._client.download_file(name, f"{key}/{below}".rstrip("/"), str(file))
            except ERRORS as error:
                raise _failed("read", uri, error) from None

    def write(self, uri: str, content: bytes) -> None:
        """Write one small object."""
        name, key = split(uri)
        try:
            self._client.put_object(Bucket=name, Key=key, Body=content)
        except ERRORS as error:
            raise _failed("write", uri, error) from None

    def read(self, uri: str) -> bytes:
        """Read one small object."""
        name, key = split(uri)
        try:
            return bytes(self._client.get_object(Bucket=name, Key=key)["Body"].read())
        except ERRORS as error:
            raise _failed("read", uri, error) from None

    def delete(self, uri: str) -> None:
        """Delete one object."""
        name, key = split(uri)
        try:
            self._client.delete_object(Bucket=name, Key=key)
        except ERRORS as error:
            raise _failed("delete", uri, error) from None


def inside(root: Path, relative: str) -> Path:
    """`root`/`relative`, refusing a name that leads out of `root`."""
    path = root / relative
    if not path.resolve().is_relative_to(root.resolve()):
        raise ServiceError(f"object store: the name {relative!r} leads out of its directory")
    return path


def _below(found: str, key: str) -> bool:
    return (found == key or found.startswith(key + "/")) and not found.endswith("/")


def _failed(verb: str, uri: str, error: Exception) -> ServiceError:
    return ServiceError(f"object store: cannot {verb} {uri}: {error}")
