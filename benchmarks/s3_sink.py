"""`python -m benchmarks.s3_sink`: as little of S3 as two clients need, for measuring the clients.

It keeps sizes and no bytes, checks nothing and signs nothing, so that whatever it costs is little
and the same for everybody. Prints its address, and ends when its input does.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

XML = '<?xml version="1.0"?>'
SIZES = threading.Lock()
ETAG = '"00000000000000000000000000000000-1"'


class Sink(BaseHTTPRequestHandler):
    """One connection; what was put is known by its size."""

    protocol_version = "HTTP/1.1"
    rbufsize = 1 << 20
    sizes: dict[str, int] = {}  # noqa: RUF012 - of the whole server, on purpose.

    def do_PUT(self) -> None:
        """Swallow an object or a part; tell the sum back as S3 does."""
        path, asked = self._asked()
        left = int(self.headers["Content-Length"])
        with SIZES:
            if "partNumber" in asked:
                self.sizes[path] += left
            else:
                self.sizes[f"{path} done"] = left
        buffer = memoryview(bytearray(1 << 20))
        while left:
            left -= self.rfile.readinto(buffer[: min(left, len(buffer))])
        sums = {k: v for k, v in self.headers.items() if k.lower().startswith("x-amz-checksum-")}
        self._answer(200, {"ETag": ETAG, **sums})

    def do_POST(self) -> None:
        """Begin an upload, or end one."""
        path, asked = self._asked()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "uploads" in asked:
            self.sizes[path] = 0
            body = "<InitiateMultipartUploadResult><UploadId>1</UploadId>"
            self._answer(200, {}, f"{XML}{body}</InitiateMultipartUploadResult>")
        else:
            body = f"<CompleteMultipartUploadResult><ETag>{ETAG}</ETag>"
            self._answer(200, {}, f"{XML}{body}</CompleteMultipartUploadResult>")
            self.sizes[f"{path} done"] = self.sizes[path]

    def do_GET(self) -> None:
        """List nothing."""
        body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        self._answer(200, {}, XML + body)

    def do_HEAD(self) -> None:
        """Tell the size of what is whole; a part is not."""
        path, _ = self._asked()
        size = self.sizes.pop(f"{path} done", None)
        if size is None:
            self._answer(404, {})
            return
        self._answer(
            200, {"ETag": ETAG, "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"}, size=size
        )

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return parts.path, parse_qs(parts.query, keep_blank_values=True)

    def _answer(
        self, status: int, headers: dict[str, str], body: str = "", size: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        self.end_headers()
        self.wfile.write(body.encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
