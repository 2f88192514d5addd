"""Reads request bodies, strictly: limits, UTF-8, JSON as RFC 8259 has it, and fields by a pydantic model."""

import json
import math
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError, WithJsonSchema

from tools.hub.errors import Refused, shown
from tools.hub.telemetry import MAX_INT
from tools.hub.times import TIME, check_time
from tools.hub.versions import MAX_VERSION, check_version

MAX_MESSAGE_BYTES = 128 * 1024  # Device API, send telemetry; here for every JSON body
_MAX_DRAINED_BYTES = 8 * 1024 * 1024
_MAX_DEPTH = 32
_MAX_TEXT = 255
_MAX_NOTE = 10_000
_MAX_ERRORS_SHOWN = 5

# SemVer 2.0.0, section 9 to 11, for who reads the description; the package semver has the last word.
_NUMBER, _IDENTIFIER = "(0|[1-9][0-9]*)", "[0-9A-Za-z-]+"
_PRERELEASE = f"({_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRERELEASE}(\.{_PRERELEASE})*)?(\+{_IDENTIFIER}(\.{_IDENTIFIER})*)?"

Model = TypeVar("Model", bound=BaseModel)


def described(pattern: str, **more: Any) -> WithJsonSchema:
    """How the hub's description shows a text that a function checks."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"} | more)


Text = Annotated[str, StringConstraints(min_length=1, max_length=_MAX_TEXT)]
Note = Annotated[str, StringConstraints(max_length=_MAX_NOTE)]  # what a person reads; may be empty
SemVer = Annotated[str, AfterValidator(check_version), described(_SEMVER, maxLength=MAX_VERSION)]
Time = Annotated[str, AfterValidator(check_time), described(TIME)]
Int32 = Annotated[int, Field(ge=-MAX_INT - 1, le=MAX_INT)]


def optional(**limits: Any) -> Any:
    """A model's field that may be left out, and is None then. null in its place is refused."""
    return Field(default=None, **limits)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises Refused (400) when it is longer than `limit` bytes."""
    data = bytearray()
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received <= limit:
            data += chunk
        elif received > _MAX_DRAINED_BYTES:
            break
        # else: read on without keeping it, because a client that is cut off while it sends never sees the answer
    if received > limit:
        raise Refused(400, f"body: at most {limit} bytes are accepted")
    return bytes(data)


async def _json_bytes(request: Request) -> bytes:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await read_body(request, MAX_MESSAGE_BYTES)
    if content_type != "application/json":
        raise Refused(400, "Content-Type: application/json is expected")
    return data


async def _json_object(request: Request) -> dict[str, Any]:
    return parse_object(await _json_bytes(request))


async def _json_parts(request: Request) -> dict[str, Any]:
    parts = _loads(await _json_bytes(request))
    for name in parts:
        _check_string(shown(name), name)
    return parts


# An endpoint's parameter `body: JsonObject` is the request's body, read after the router's authentication.
JsonObject = Annotated[dict[str, Any], Depends(_json_object)]

# The same, but only the names are checked: each value is another's message, which check_values refuses by itself.
JsonParts = Annotated[dict[str, Any], Depends(_json_parts)]


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`, free of what JSON or a database cannot hold. Raises Refused (400)."""
    value = _loads(data)
    check_values(value)
    return value


def _loads(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refused(400, "body: not UTF-8") from None
    except (ValueError, RecursionError):  # ValueError: also an integer of thousands of digits
        raise Refused(400, "body: not valid JSON") from None
    if not isinstance(value, dict):
        raise Refused(400, "body: a JSON object is expected")
    return value


def check_values(body: dict[str, Any]) -> None:
    """Refuse what Python's parser lets through: NaN, Infinity, 1e999, lone surrogates; and NUL, and deep nesting."""
    todo: list[tuple[str, Any, int]] = [("", body, 0)]
    while todo:
        path, value, depth = todo.pop()
        if depth > _MAX_DEPTH:
            raise Refused(400, f"{path}: nested too deeply")
        if isinstance(value, str):
            _check_string(path, value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise Refused(400, f"{path}: a finite number is expected")
        elif isinstance(value, list):
            todo += [(path, item, depth + 1) for item in value]
        elif isinstance(value, dict):
            for key, item in value.items():
                inner = shown(f"{path}.{key}" if path else key)
                _check_string(inner, key)
                todo.append((inner, item, depth + 1))


def _check_string(path: str, text: str) -> None:
    if "\0" in text:
        raise Refused(400, f"{path}: NUL is not allowed in a string")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(400, f"{path}: half of a surrogate pair is not a character") from None


def check_fields(model: type[Model], body: dict[str, Any]) -> Model:
    """The body's fields by the model. Raises Refused (400) that names every wrong field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Refused(400, problems(error.errors(include_input=False))) from None


def problems(errors: Sequence[Any], skip: int = 0) -> str:
    """What pydantic found wrong, each by the name of its field; `skip` parts of where it is are no name."""
    found = [_problem(each["type"], each["loc"][skip:], each["msg"]) for each in errors]
    return "; ".join(found[:_MAX_ERRORS_SHOWN] + ["..."] * (len(found) > _MAX_ERRORS_SHOWN))


def _problem(kind: str, place: tuple[int | str, ...], text: str) -> str:
    name = shown(".".join(str(part) for part in place))
    text = {"missing": "required", "extra_forbidden": "unknown field"}.get(kind, text.removeprefix("Value error, "))
    return f"{name}: {text}" if name else text


def json_request(schema: dict[str, Any]) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that takes a JsonObject of this schema."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def raw_request(media_type: str) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that takes the body's bytes as they are."""
    schema = {"type": "string", "format": "binary"}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}
