"""A store of objects that speaks as much of S3 as reading takes, on this machine."""

import contextlib
import http.server
import re
import threading
import time
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

SECRET = "a-very-secret-key"
BODY = f"<Error><Code>{{}}</Code><StringToSign>{SECRET}</StringToSign></Error>"


class Store(http.server.BaseHTTPRequestHandler):
    """Objects by "bucket/name". A bucket called status-403 answers so; one called silent, late."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        parts = urlsplit(self.path)
        self.asked.append(self.path)
        bucket, _, name = unquote(parts.path).strip("/").partition("/")
        if bucket == "silent":
            time.sleep(8)
        if status := re.fullmatch(r"status-(\d+)", bucket):
            return self._answer(int(status[1]), BODY.format("Refused").encode())
        if not any(key.startswith(f"{bucket}/") for key in self.objects):
            return self._answer(404, BODY.format("NoSuchBucket").encode())
        if not name:
            return self._list(bucket, parse_qs(parts.query).get("prefix", [""])[0])
        content = self.objects.get(f"{bucket}/{name}")
        if content is None:
            return self._answer(404, BODY.format("NoSuchKey").encode())
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            return self._answer(200, content)
        if not content:
            return self._answer(416, BODY.format("InvalidRange").encode())
        start, end = asked.groups()
        first = int(start) if start else max(0, len(content) - int(end))
        last = min(int(end), len(content) - 1) if start and end else len(content) - 1
        span = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return self._answer(206, content[first : last + 1], span)

    do_HEAD = do_GET

    def _list(self, bucket, prefix):
        listed = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2024-01-01T00:00:00.000Z"
            f'</LastModified><ETag>"1"</ETag><Size>{len(content)}</Size></Contents>'
            for key, content in sorted(
                (key.removeprefix(f"{bucket}/"), content)
                for key, content in self.objects.items()
                if key.startswith(f"{bucket}/{prefix}")
            )
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        self._answer(200, body.encode())

    def _answer(self, status, body, headers=None):
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            stated = {
                "Content-Length": str(len(body)),
                "ETag": '"1"',
                "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT",
            }
            for name, value in (stated | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    """Serve the objects, and yield the environment with which polars finds them."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as served:
        served.daemon_threads, served.block_on_close = True, False
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{served.server_port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }
        served.shutdown()
        thread.join()
