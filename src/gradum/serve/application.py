"""The application: what is asked over HTTP, and who answers it.

It is an ASGI application without a server of its own, so that it can be mounted beneath another,
behind any authentication.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gradum.errors import GradumError
from gradum.messages import say
from gradum.serve import open_inference
from gradum.serve.limits import RequestLimits
from gradum.serve.openapi import document
from gradum.serve.outcomes import Waiting
from gradum.serve.page import page
from gradum.serve.recent_rows import RecentRows
from gradum.serve.refusal import Refused, json_response, refuse_many
from gradum.serve.requests import TYPES, Outcomes, PredictRequest, decoded
from gradum.serve.served_model import Answered, ServedModel
from gradum.serve.shelf import Shelf, Slot
from gradum.serve.telemetry import Telemetry
from gradum.serve.together import Together, is_single
from gradum.waiting import Stage, heard_by

LOG = logging.getLogger("gradum.serve")

AT_ONCE = 64  # rows are answered at once: to hand them to a thread would take as long
BRIEF_BYTES = 2**16  # a longer body is answered in a thread
SHORT_BYTES = 2**20  # a longer one is decoded there, too, and its answer written: 3 ms
MOST_BEHIND = 64  # requests that shadows have still to answer; others they do not get
RELOAD_SECONDS, WATCH_SECONDS = 1.0, 600.0

AWAITS_BODY = "gradum.awaits_body"
"""Of a request's scope: whether its body is still coming."""

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


class Application(Starlette):
    """Takes rows to the first model past middleware and router, which would take a tenth longer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is posted to ``/predict``; leave all else to the router."""
        if scope["type"] == "http" and scope["path"] == "/predict" and scope["method"] == "POST":
            response = await self.state.predict(Request(scope, receive, send))
            await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Service:
    """The state behind an application.

    Parameters
    ----------
    token : str, optional
        What a caller has to bring, as ``Authorization: Bearer TOKEN``.
    """

    def __init__(self, shelf: Shelf, limits: RequestLimits, token: str | None) -> None:
        self.shelf, self.limits = shelf, limits
        self._token = None if token is None else token.encode()
        self.telemetry = Telemetry()
        self._waiting = {name: Waiting(limits.labels) for name in shelf.slots}
        self._recent = {name: RecentRows() for name in shelf.slots}
        self._at_once = 0
        self._coming = 0  # bytes of bodies that are not whole yet
        self._behind = 0  # requests that the shadows have still to answer
        self._together = Together()
        self._threads, self._one = asyncio.Semaphore(2), asyncio.Semaphore(1)
        self._ready = True
        self._beside: list[asyncio.Task] = []

    # -- what is asked ------------------------------------------------------------------------

    async def predict(self, request: Request) -> Response:
        """Answer rows."""
        served = self.slot(request).served
        body = await self.body(request)
        asked = await self.worked(len(body), decoded, body, PredictRequest)
        found = await self.ask(served, asked, len(body))
        response = await self.worked(len(body), _answer_of, served, found)
        response.background = self.shadow(served, asked, found)
        return response

    async def labels(self, request: Request) -> Response:
        """Join outcomes with what was predicted."""
        served = self.slot(request).served
        body = await self.body(request)
        told = (await self.worked(len(body), decoded, body, Outcomes)).labels
        refuse_many(len(told), self.limits.rows)
        joined = await self._in_thread(self._threads, self._waiting[served.name].join, served, told)
        telemetry, name = self.telemetry, served.name
        telemetry.labels.labels(name).inc(joined.rows)
        telemetry.unknown_labels.labels(name).inc(joined.unknown)
        telemetry.errors.labels(name).inc(joined.errors)
        telemetry.error_alarm.labels(name).set(joined.alarm)
        return json_response(joined)

    async def models(self, _: Request) -> Response:
        """List the models."""
        return json_response({"models": [described(served) for served in self.shelf.served]})

    async def metrics(self, _: Request) -> Response:
        """Return what is counted."""
        for name, slot in self.shelf.slots.items():
            self.telemetry.reload_failures.labels(name).set(slot.failures)
        return Response(self.telemetry.text, media_type="text/plain; version=0.0.4")

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return json_response({"live": True})

    async def ready(self, _: Request) -> Response:
        """Say whether requests are answered, which ends before the process does."""
        return json_response({"ready": self._ready}, 200 if self._ready else 503)

    async def openapi(self, request: Request) -> Response:
        """Describe all of this for programs."""
        root = request.scope.get("root_path", "")
        served, limits = self.shelf.served, self.limits
        return json_response(await self._in_thread(self._threads, document, served, limits, root))

    async def front_page(self, request: Request) -> Response:
        """Describe all of this for people."""
        root = request.scope.get("root_path", "")
        text, policy = await self._in_thread(self._threads, page, self.shelf.served, root)
        return HTMLResponse(text, headers={"Content-Security-Policy": policy})

    # -- how it is answered -------------------------------------------------------------------

    async def ask(self, served: ServedModel, asked: PredictRequest, size: int) -> Answered:
        """Answer rows from a body of so many bytes, and count, keep and compare them."""
        rows = len(asked.records)
        refuse_many(rows, self.limits.explained if asked.is_explained else self.limits.rows)
        began = time.perf_counter()
        is_brief = size <= BRIEF_BYTES and not served.grids
        if is_brief and is_single(asked):
            found = await self._together.answered(served, asked)
        elif is_brief and rows <= AT_ONCE and asked.coverage is None and not asked.is_explained:
            found = served.answered(asked)
        else:
            found = await self._in_thread(self._threads, self._answered, served, asked)
        self.telemetry.count(served.name, found, time.perf_counter() - began)
        if asked.id is not None:
            self._waiting[served.name].keep(asked.names, found.predictions, served.version)
        self._recent[served.name].add(served, found.rows, size)
        return found

    async def worked(self, size: int, work: Callable[..., T], *arguments: Any) -> T:
        """Do what takes a moment for a small body, and may take long for one of many bytes."""
        if size <= SHORT_BYTES:
            return work(*arguments)
        return await self._in_thread(self._threads, work, *arguments)

    def _answered(self, served: ServedModel, asked: PredictRequest) -> Answered:
        """Answer rows in a thread, unless their pictures and sounds would take long to decode."""
        most = self.limits.decoded
        if served.decoded_size(asked.records) > most:
            raise Refused(
                413,
                say("The pictures or sounds hold more than {most:,} numbers.", most=most),
                say("Send fewer at a time, or make them smaller; a model looks at few pixels."),
            )
        return served.answered(asked)

    def shadow(
        self, served: ServedModel, asked: PredictRequest, found: Answered
    ) -> BackgroundTask | None:
        """Return what asks the model's shadow, if it has one, once the answer has been sent."""
        slot = self.shelf.shadows.get(served.name)
        if slot is None:
            return None
        return BackgroundTask(self._ask_shadow, slot.served, asked, found)

    async def _ask_shadow(
        self, shadow: ServedModel, asked: PredictRequest, found: Answered
    ) -> None:
        name, telemetry = shadow.name, self.telemetry
        try:
            if self._behind >= MOST_BEHIND:
                raise TimeoutError  # it cannot keep up
            self._behind += 1
            try:
                request = PredictRequest(asked.records)
                async with asyncio.timeout(self.limits.seconds):
                    found_too = await self._in_thread(self._one, self._answered, shadow, request)
                others = found_too.predictions
            finally:
                self._behind -= 1
        except Exception:  # whatever the shadow does, the callers are answered
            telemetry.shadow_failures.labels(name).inc()
            return
        telemetry.shadow_rows.labels(name).inc(len(others))
        pairs = zip(others, found.predictions, strict=True)
        telemetry.shadow_others.labels(name).inc(sum(other != own for other, own in pairs))

    async def _in_thread(
        self, threads: asyncio.Semaphore, work: Callable[..., Any], *arguments: Any
    ) -> Any:
        """Work in one of so many threads; it keeps the thread when nobody waits any longer.

        Work that tells how far it is ends when its time is over; other work goes on to its end.
        """
        until = time.monotonic() + self.limits.seconds

        def end_late(_: Stage) -> None:
            if time.monotonic() > until:
                raise TimeoutError

        def heard() -> Any:
            with heard_by(end_late):
                return work(*arguments)

        def end(working: asyncio.Task) -> None:
            threads.release()
            if not working.cancelled():
                working.exception()  # has been told, or came too late

        await threads.acquire()
        working = asyncio.create_task(asyncio.to_thread(heard))
        working.add_done_callback(end)
        return await asyncio.shield(working)

    def slot(self, request: Request) -> Slot:
        """Return the model of a request: the first one, if its address names none."""
        slots = self.shelf.slots
        name = request.path_params.get("model", next(iter(slots)))
        if name not in slots:
            raise Refused(
                404, say("There is no model of this name."), say("GET /models lists them.")
            )
        return slots[name]

    async def body(self, request: Request, types: Sequence[str] = TYPES) -> bytes:
        """Return the body, unless it is of another type, too large, or takes too long to come."""
        headers = dict(request.scope["headers"])
        kind = headers.get(b"content-type", b"").decode("latin-1")
        if kind not in types and kind.partition(";")[0].strip().lower() not in types:
            raise Refused(
                415,
                say("The body is not said to be JSON."),
                say("Send the header Content-Type: application/json."),
            )
        self._refuse_large(int(headers.get(b"content-length", 0)))
        request.scope[AWAITS_BODY] = True
        self._at_once -= 1  # whoever sends slowly keeps nobody from being answered
        try:
            body = await self._whole_body(request)
        finally:
            self._at_once += 1
        request.scope[AWAITS_BODY] = False
        if self._at_once > self.limits.at_once:
            raise _too_many()
        return body

    async def _whole_body(self, request: Request) -> bytes:
        """Wait for a body; all that are coming hold no more bytes than those worked on may."""
        body, more = bytearray(), True
        try:
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece = message.get("body", b"")
                body += piece
                self._coming += len(piece)
                self._refuse_large(len(body))
                if self._coming > self.limits.bytes * self.limits.at_once:
                    raise _too_many()
                more = message.get("more_body", False)
        finally:
            self._coming -= len(body)
        return bytes(body)

    def _late(self, request: Request) -> Refused:
        """Return the refusal of a request whose time is over."""
        seconds = self.limits.seconds
        if request.scope.get(AWAITS_BODY):
            slow = say("The body took more than {seconds} s.", seconds=seconds)
            return Refused(408, slow, say("Send it again."), {"Connection": "close"})
        slow = say("The answer took more than {seconds} s.", seconds=seconds)
        remedy = say("Send fewer rows at a time, or ask again later.")
        return Refused(503, slow, remedy, {"Retry-After": "1"})

    def _refuse_large(self, size: int) -> None:
        most = self.limits.bytes
        if size > most:
            raise Refused(
                413,
                say("The body has more than {most:,} bytes.", most=most),
                say("Send fewer rows at a time."),
                {"Connection": "close"},
            )

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint that asks for the token, and answers within the limits or refuses."""

        async def answer(request: Request) -> Response:
            self._begin_beside()
            try:
                self._refuse_strangers(request)
                if self._at_once >= self.limits.at_once:
                    raise _too_many()
                self._at_once += 1
                try:
                    async with asyncio.timeout(self.limits.seconds):
                        return await endpoint(request)
                finally:
                    self._at_once -= 1
            except TimeoutError:
                refused = self._late(request)
            except ClientDisconnect:
                return Response(status_code=499)
            except GradumError as error:
                refused = Refused.of(error)
            except Refused as error:
                refused = error
            return self._said(refused)

        return answer

    def _said(self, refused: Refused) -> Response:
        self.telemetry.refusals.labels(refused.status).inc()
        return refused.response

    def _refuse_strangers(self, request: Request) -> None:
        """Ask for the token: as a bearer's, or as the password that a browser asks for."""
        if self._token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        brought = given.strip().encode()
        if scheme.lower() == "basic":
            brought = _password(brought)
        elif scheme.lower() != "bearer":
            brought = b""
        if not hmac.compare_digest(brought, self._token):
            asks = {"WWW-Authenticate": 'Basic realm="gradum", charset="UTF-8"'}
            remedy = say("Send the header Authorization: Bearer TOKEN, with this server's token.")
            raise Refused(401, say("The token is not known."), remedy, asks)

    # -- what goes on beside ------------------------------------------------------------------

    @asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        """Exchange changed files, and watch recent rows, while requests are answered."""
        self._begin_beside()
        try:
            yield
        finally:
            self._ready = False
            for task in self._beside:
                task.cancel()

    def _begin_beside(self) -> None:
        """Begin once; a mounted application is not told of the start, and begins when asked."""
        if not self._beside:
            self._beside = [
                asyncio.create_task(self._ever(RELOAD_SECONDS, self.shelf.renew)),
                asyncio.create_task(self._ever(WATCH_SECONDS, self._watch)),
            ]

    async def _ever(self, seconds: float, work: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await to_thread.run_sync(work)
            except Exception:  # the next time may succeed, and requests are answered meanwhile
                LOG.exception("failed-beside-requests")

    def _watch(self) -> None:
        for name, recent in self._recent.items():
            recent.look(self.shelf.slots[name].served, self.telemetry)


def _too_many() -> Refused:
    remedy, after = say("Ask again in a second."), {"Retry-After": "1"}
    return Refused(429, say("Too many requests at once."), remedy, after)


def _password(given: bytes) -> bytes:
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _answer_of(served: ServedModel, found: Answered) -> Response:
    notes = [difference.sentence for difference in found.differences]
    known = {"model": served.name, "version": served.version}
    return json_response(known | {"answers": found.answers, "notes": notes})


def described(served: ServedModel) -> dict[str, Any]:
    """Return what callers may know of a model."""
    model = served.model
    return {
        "name": served.name,
        "version": served.version,
        "target": model.target,
        "task": model.task,
        "classes": list(model.classes),
        "columns": [
            {"name": column.name, "kind": column.kind, "needed": column.name in served.required}
            for column in model.fitted.schema.features
        ],
    }


def application(shelf: Shelf, limits: RequestLimits, token: str | None = None) -> Starlette:
    """Return the ASGI application that serves some models."""
    service = Service(shelf, limits, token)

    def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        return Route(path, service.guarded(endpoint), methods=[method])

    made = Application(
        routes=[
            route("/predict", service.predict, "POST"),
            route("/labels", service.labels, "POST"),
            route("/models", service.models),
            route("/models/{model}/predict", service.predict, "POST"),
            route("/models/{model}/labels", service.labels, "POST"),
            *(route(*each) for each in open_inference.routes(service)),
            route("/metrics", service.metrics),
            route("/openapi.json", service.openapi),
            route("/", service.front_page),
            # Whoever restarts a process has no token.
            Route("/health", service.live),
            Route("/ready", service.ready),
        ],
        exception_handlers={HTTPException: _not_found},
        lifespan=service.running,
    )
    made.state.service, made.state.predict = service, service.guarded(service.predict)
    return made


async def _not_found(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        message, remedy = say("The method is not allowed."), say("Use {method}.", method=allowed)
    else:
        message = str(error.detail)
        remedy = say("The page /openapi.json lists every address.")
    return Refused(error.status_code, message, remedy, error.headers).response
