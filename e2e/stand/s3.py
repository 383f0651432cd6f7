"""The object store: Versity's S3 gateway over a directory. It checks keys and signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3

from stand.names import BUCKET, REGION, SECRETS, STORE
from stand.paths import BIN
from stand.process import Command, Server

PORT = 7070
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": SECRETS["S3_ACCESS_KEY"],
    "AWS_SECRET_ACCESS_KEY": SECRETS["S3_SECRET_KEY"],
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ENDPOINT_URL_S3": f"https://{STORE}",
}


def server(folder: Path, *, read_only: bool = False) -> Server:
    """A store whose buckets are directories below `folder`/buckets; a read-only one denies every write."""
    buckets = folder / "buckets"
    buckets.mkdir(parents=True, exist_ok=True)
    command: Command = [
        *(BIN / "versitygw", "--port", f"127.0.0.1:{PORT}", "--region", REGION, "--quiet"),
        *(["--readonly"] if read_only else []),
        *("--access", SECRETS["S3_ACCESS_KEY"], "--secret", SECRETS["S3_SECRET_KEY"], "posix", buckets),
    ]
    return Server(command, f"http://127.0.0.1:{PORT}", folder / "s3.log")


def client() -> Any:
    """The official client, through the front."""
    return boto3.client(
        "s3",
        endpoint_url=CREDENTIALS["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def make_bucket() -> None:
    """Create the pipeline's bucket, if it is not there."""
    store = client()
    if BUCKET not in [found["Name"] for found in store.list_buckets()["Buckets"]]:
        store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
