"""A server that speaks S3 on a socket: moto, in a process of its own, made as strict as S3 is.

What moto 5.2 does as S3 does (looked up in its source and held by test_s3_server.py): If-None-Match
on PutObject and CompleteMultipartUpload, If-Match on GetObject, ranges, paged listings in order,
versions, object lock and legal hold on removal, checksums told by HEAD, cold classes and thawing.
What it does not, and `Strict` does here:

- it answers requests side by side, looking first and writing later, so two creations could both
  win: here one request at a time is carried out (bodies come in side by side);
- it believes whatever checksum it is told: here a wrong one is refused with BadDigest;
- it does not tell the checksum of an upload's whole: here it does;
- it wants another header than S3 with the sum of a locked copy: here it gets it;
- it forgets a lock that is asked for when an upload is begun: here it is put on at its end;
- it thaws at once: here thawing takes as many looks as `POST /looks?<number>` said last.

`python -m tests.storage.vaults.s3_server` prints its address and ends when its input does.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTONLY", "AWS_SECRET_ACCESS_KEY": "test-only-secret-key-0000"}
REGION = "eu-central-1"
ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>{}</Message></Error>"
Environ = dict[str, Any]


class Strict:
    """Around moto's application: what S3 does and moto does not."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._one = threading.Lock()
        self._locks: dict[str, dict[str, str]] = {}
        self._sums: dict[str, dict[int, bytes]] = {}
        self._looks, self._thawing = 0, dict[str, int]()  # How many it takes, and how many so far.

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        for header, ours in (("HTTP_X_AMZ_CHECKSUM_SHA256", sha256), ("HTTP_CONTENT_MD5", md5)):
            if environ.get(header, ours) != ours and environ["REQUEST_METHOD"] == "PUT":
                start_response("400 Bad Request", [("Content-Type", "application/xml")])
                return [ERROR.format("BadDigest", "The sum you gave is not the body's.").encode()]
        with self._one:
            return self._done(environ, body, start_response)

    def _done(
        self, environ: Environ, body: bytes, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if told := environ.get("HTTP_X_AMZ_CHECKSUM_ALGORITHM"):
            environ = {**environ, "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM": told}
        asked = environ.get("QUERY_STRING", "")
        if environ["PATH_INFO"] == "/looks":
            self._looks = int(asked)
            start_response("200 OK", [("Content-Length", "0")])
            return []
        status, headers, answer = self._warmth(environ, *self._ask(environ, body))
        upload = re.search(r"uploadId=([^&]+)", asked)
        part = re.search(r"partNumber=(\d+)", asked)
        if status.startswith("200") and environ["REQUEST_METHOD"] == "PUT" and upload and part:
            digest = hashlib.sha256(body).digest()
            self._sums.setdefault(upload[1], {})[int(part[1])] = digest
        if status.startswith("200") and environ["REQUEST_METHOD"] == "POST":
            answer = self._posted(environ, upload and upload[1], answer)
            headers = [(k, v) for k, v in headers if k.lower() != "content-length"]
            headers.append(("Content-Length", str(len(answer))))
        start_response(status, headers)
        return [answer]

    def _warmth(
        self, environ: Environ, status: str, headers: list[tuple[str, str]], answer: bytes
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        """Say of what is being thawed that it is, until it was looked at often enough."""
        name, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST" and environ.get("QUERY_STRING") == "restore":
            self._thawing.setdefault(name, 0)
        if method not in ("HEAD", "GET") or self._thawing.get(name, self._looks) >= self._looks:
            return status, headers, answer
        self._thawing[name] += 1
        if method == "GET":
            cold = ERROR.format("InvalidObjectState", "It is being thawed.").encode()
            return "403 Forbidden", [("Content-Type", "application/xml")], cold
        kept = [(key, value) for key, value in headers if key.lower() != "x-amz-restore"]
        return status, [*kept, ("x-amz-restore", 'ongoing-request="true"')], answer

    def _posted(self, environ: Environ, upload: str | None, answer: bytes) -> bytes:
        begun = re.search(rb"<UploadId>([^<]+)</UploadId>", answer)
        locks = {k: v for k, v in environ.items() if k.startswith("HTTP_X_AMZ_OBJECT_LOCK")}
        if begun and locks:
            self._locks[begun[1].decode()] = locks
        if upload is None:
            return answer
        if lock := self._locks.pop(upload, None):
            self._lock(environ, lock)
        sums = self._sums.get(upload, {})
        whole = hashlib.sha256(b"".join(sums[n] for n in sorted(sums))).digest()
        text = f"{base64.b64encode(whole).decode()}-{len(sums)}"
        end = b"</CompleteMultipartUploadResult>"
        return answer.replace(end, f"<ChecksumSHA256>{text}</ChecksumSHA256>".encode() + end)

    def _lock(self, environ: Environ, lock: dict[str, str]) -> None:
        mode, until = lock["HTTP_X_AMZ_OBJECT_LOCK_MODE"], "_RETAIN_UNTIL_DATE"
        date = lock["HTTP_X_AMZ_OBJECT_LOCK" + until]
        body = (
            f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{date}</RetainUntilDate></Retention>"
        ).encode()
        self._ask(
            {
                **environ,
                "REQUEST_METHOD": "PUT",
                "QUERY_STRING": "retention",
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM": "SHA256",
            },
            body,
        )

    def _ask(self, environ: Environ, body: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
        kept: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            kept.extend((status, list(headers)))

        answer = b"".join(self._app({**environ, "wsgi.input": io.BytesIO(body)}, start))
        return kept[0], kept[1], answer


class S3Server:
    """The server in its process; `url` is where it answers."""

    def __init__(self, smallest_part: int = 1024) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.vaults.s3_server"],
            cwd=ROOT,
            env={**os.environ, **KEYS, "S3_UPLOAD_PART_MIN_SIZE": str(smallest_part)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]

    def __enter__(self) -> S3Server:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@functools.cache
def client(url: str) -> Any:
    """A plain client, to look and to act past Lifeboat."""
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )


def make_bucket(url: str, name: str, *, locked: bool = False, versioned: bool = False) -> Any:
    """Make a bucket and return a plain client."""
    plain = client(url)
    plain.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=locked,
    )
    if versioned or locked:
        plain.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return plain


def main() -> None:
    """Serve until the input ends."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    WSGIRequestHandler.log = lambda *_: None  # type: ignore[method-assign]
    app = Strict(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.port}"}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # What moto would tidy away at its end is memory.


if __name__ == "__main__":
    main()
