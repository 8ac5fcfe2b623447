"""A caller of ASGI applications, without a server."""

import asyncio
import json
from typing import NamedTuple


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Calls one application; ``pieces`` of a body come one by one."""

    def __init__(self, application):
        self.application = application

    def get(self, path, headers=None):
        return self.request("GET", path, [b""], headers or {})

    def post(self, path, value, headers=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        kind = {"Content-Type": "application/json"}
        return self.request("POST", path, [body], kind | (headers or {}))

    def post_at_once(self, path, values):
        """Post several bodies in one turn of the event loop; return the answers in their order."""

        async def posted():
            kind = {"Content-Type": "application/json"}
            bodies = [json.dumps(value).encode() for value in values]
            return await asyncio.gather(
                *(self._request("POST", path, [body], kind) for body in bodies)
            )

        return asyncio.run(posted())

    def request(self, method, path, pieces, headers):
        return asyncio.run(self._request(method, path, pieces, headers))

    async def _request(self, method, path, pieces, headers):
        waiting, sent = list(pieces), []

        async def receive():
            if not waiting:
                return {"type": "http.disconnect"}
            piece = waiting.pop(0)
            if piece is None:  # the caller is slow
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
        }
        await self.application(scope, receive, send)
        start, *parts = sent
        headers = {key.decode(): value.decode() for key, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(part["body"] for part in parts))
