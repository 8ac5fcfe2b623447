"""A store of objects on this machine: ranges of bytes of files, as much of S3 as reading takes.

``python -m benchmarks.engines.store FOLDER`` prints its port, and serves the folder's files as the
objects of any bucket until its input ends.
"""

from __future__ import annotations

import http.server
import re
import sys
import threading
from email.utils import formatdate
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Store(http.server.BaseHTTPRequestHandler):
    """The files of a folder."""

    protocol_version = "HTTP/1.1"
    folder: ClassVar[Path]

    def do_GET(self) -> None:
        """Answer with an object, a range of its bytes, or the list of all objects."""
        parts = urlsplit(self.path)
        name = unquote(parts.path).strip("/").partition("/")[2]
        if not name:
            self._list(parse_qs(parts.query).get("prefix", [""])[0])
            return
        path = self.folder / name
        if not path.is_file():
            self._begin(404, 0)
            return
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        start, end = asked.groups() if asked else ("0", "")
        first = int(start) if start else size - int(end)
        last = min(int(end), size - 1) if start and end else size - 1
        span = {"Content-Range": f"bytes {first}-{last}/{size}"} if asked else {}
        self._begin(206 if asked else 200, last + 1 - first, span, path.stat().st_mtime)
        if self.command == "GET":
            with path.open("rb") as file:
                self.connection.sendfile(file, first, last + 1 - first)

    do_HEAD = do_GET

    def _list(self, prefix: str) -> None:
        listed = "".join(
            f"<Contents><Key>{escape(path.name)}</Key><LastModified>2024-01-01T00:00:00.000Z"
            f'</LastModified><ETag>"1"</ETag><Size>{path.stat().st_size}</Size></Contents>'
            for path in sorted(self.folder.iterdir())
            if path.name.startswith(prefix)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        self._begin(200, len(body))
        self.wfile.write(body.encode())

    def _begin(
        self, status: int, length: int, headers: dict[str, str] | None = None, changed: float = 0
    ) -> None:
        self.send_response(status)
        stated = {"ETag": '"1"', "Last-Modified": formatdate(changed, usegmt=True)}
        for name, value in (stated | {"Content-Length": str(length)} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def main(folder: str) -> None:
    """Serve a folder."""
    Store.folder = Path(folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as served:
        served.daemon_threads = True
        threading.Thread(target=served.serve_forever, daemon=True).start()
        print(served.server_port, flush=True)
        sys.stdin.read()
        served.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
