"""Acts out one fault on one request: around the application, and where it must be on the connection's bytes."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.hub.body import read_body
from tools.hub.errors import Refused
from tools.hub.faults import Fault, FaultRequest
from tools.hub.wire import Wire

BREAKING = frozenset({"refuse", "reset", "lose", "drop", "cut"})  # of their answer no device sees the end
_NOT_ACTED_ON = frozenset({"refuse", "reset", "status", "garbage", "empty"})
_GARBAGE = b"<html>\xff\xfe\x00{]"
_SLOW_PAUSE_S = 0.05  # between two pieces, if a piece is more than a byte
_MAX_KEPT_BYTES = 2 * 1024 * 1024  # of a request that is acted on later; what is more is read when it is


class FaultLayer:
    """The application with a fault. `stopping` ends every pause: the request breaks off then."""

    def __init__(self, app: ASGIApp, fault: Fault, stopping: asyncio.Event) -> None:
        self._app = app
        self._asked = fault.asked
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind, wire, app = self._asked.kind, scope["state"]["wire"], self._app
        if kind in _NOT_ACTED_ON:
            # Read first, or what waits unread would turn the orderly close into a reset.
            with suppress(Refused, ClientDisconnect):
                await read_body(Request(scope, receive), 0)
            app = _answer(self._asked)
        elif kind == "delay":
            receive = await _kept(receive)
            if not await self._pause(self._asked.delay):
                wire.break_off()
                app = Response()
        await app(scope, receive, self._sender(wire, send))

    def _sender(self, wire: Wire, send: Send) -> Send:
        kind = self._asked.kind
        if kind == "cut":
            return _cutting(wire, send, self._asked.bytes or 0)
        if kind in BREAKING:
            return _breaking(wire, send, self._asked.bytes or 0, kind == "reset")
        if kind == "stall":
            return self._stalling(wire, send)
        if kind == "slow":
            return self._slow(wire, send, self._asked.rate or 1)
        if kind == "corrupt":
            return _corrupting(send, self._asked.offset or 0)
        if kind == "wrong_types":
            return _rewriting(send, _other_type)
        if kind == "null_fields":
            return _rewriting(send, lambda _: None)
        return send

    def _stalling(self, wire: Wire, send: Send) -> Send:
        async def stalled(message: Message) -> None:
            if message["type"] == "http.response.start" and not await self._pause(self._asked.delay):
                wire.break_off()
            await send(message)

        return stalled

    def _slow(self, wire: Wire, send: Send, rate: int) -> Send:
        size = max(1, round(rate * _SLOW_PAUSE_S))

        async def slow(message: Message) -> None:
            rest = message.get("body", b"")
            while rest and not wire.is_closing():
                part, rest = rest[:size], rest[size:]
                if not await self._pause(len(part) / rate):
                    wire.break_off()
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({**message, "body": rest} if "body" in message else message)

        return slow

    async def _pause(self, seconds: float | None) -> bool:
        """Whether the pause came to its end before the hub did."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return True
        return False


def _answer(asked: FaultRequest) -> Response:
    """What a request that is not acted on is answered with."""
    if asked.kind == "status":
        headers = None if asked.retry_after is None else {"Retry-After": str(asked.retry_after)}
        return JSONResponse({"error": f"status {asked.status}, as it was asked for"}, asked.status, headers)
    body = _GARBAGE if asked.kind == "garbage" else b""
    return Response(body, media_type="application/json")


def _breaking(wire: Wire, send: Send, after: int, reset: bool) -> Send:
    async def broken(message: Message) -> None:
        if message["type"] == "http.response.start":
            wire.break_off(after, reset)
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            wire.end()  # the answer was shorter

    return broken


def _cutting(wire: Wire, send: Send, after: int) -> Send:
    left = after

    async def cut(message: Message) -> None:
        nonlocal left
        if message["type"] != "http.response.body":
            await send(message)
            return
        body, is_last = message.get("body", b""), not message.get("more_body")
        if left:
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
        body, left = body[left:], max(0, left - len(body))
        if not left or is_last:
            wire.break_off()
        await send({**message, "body": body})  # which the wire takes, and lets nobody see
        if is_last:
            wire.end()

    return cut


def _corrupting(send: Send, offset: int) -> Send:
    at = offset  # from where a message's part of the body begins

    async def corrupted(message: Message) -> None:
        nonlocal at
        body = bytearray(message.get("body", b""))
        if 0 <= at < len(body):
            body[at] ^= 0xFF
            message = {**message, "body": bytes(body)}
        at -= len(body)
        await send(message)

    return corrupted


def _rewriting(send: Send, change: Callable[[Any], Any]) -> Send:
    """A JSON answer goes out with its fields changed; any other as it is."""
    start: Message = {}
    body = bytearray()

    async def rewritten(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        content = _changed(bytes(body), change)
        start["headers"] = [
            (name, b"%d" % len(content) if name.lower() == b"content-length" else value)
            for name, value in start["headers"]
        ]
        await send(start)
        await send({"type": "http.response.body", "body": content})

    return rewritten


def _changed(body: bytes, change: Callable[[Any], Any]) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_with_fields(value, change)).encode()


def _with_fields(value: Any, change: Callable[[Any], Any]) -> Any:
    """Each field of an object, or of the objects in an array."""
    if isinstance(value, list):
        return [_with_fields(item, change) for item in value]
    if isinstance(value, dict):
        return {name: change(field) for name, field in value.items()}
    return value


def _other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return "false"  # a text, which is true to who does not look
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return {"0": value}
    return 7  # for an object or null


async def _kept(receive: Receive) -> Receive:
    """The request's body received now, to be read later, when the device may have gone away."""
    messages: list[Message] = []
    received = 0
    while received <= _MAX_KEPT_BYTES:
        message = await receive()
        messages.append(message)
        received += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    messages.reverse()

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
