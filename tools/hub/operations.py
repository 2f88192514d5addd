"""What an operator does in the cloud, each thing written once: a function that is an endpoint as well.

    @operation(router, "POST", "/devices/{device_id}/commands")
    def queue_command(hub: Context, device_id: str, name: Text, parameters: Object | None = None) -> dict[str, Any]:

Its first parameter is the hub, the next ones are those of the path, and the others the fields of a JSON body. Whoever
calls it, over HTTP or from Python, they are checked by their annotations: a wrong one is Refused (400) by its name.
"""

import functools
import inspect
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, create_model

from tools.hub.auth import cloud_only
from tools.hub.body import JsonObject, check_fields, json_request, parse_object
from tools.hub.context import Context, Hub
from tools.hub.errors import Refused

Object = dict[str, Any]
UNCHANGED: Any = ...  # the default of a field that stays as it is unless it is given; None would empty it

# A query parameter: what has a higher `seq`. At most SQLite's largest integer.
After = Annotated[int, Query(ge=0, le=2**63 - 1)]

P = ParamSpec("P")
R = TypeVar("R")
Operation = Callable[Concatenate[Context, P], R]


def cloud_router() -> APIRouter:
    """A router of the cloud's own interface: its prefix, its key."""
    return APIRouter(prefix="/cloud/v1", dependencies=[Depends(cloud_only)], tags=["cloud"])


def operation(router: APIRouter, method: str, path: str) -> Callable[[Operation[P, R]], Operation[P, R]]:
    """Make a function an endpoint of `router`, and have its arguments checked."""

    def decorate(function: Operation[P, R]) -> Operation[P, R]:
        signature = inspect.signature(function)
        in_path = re.findall(r"{(\w+)}", path)
        model = _model_of(function.__name__, list(signature.parameters.values())[1 + len(in_path) :])

        def call(hub: Context, ids: dict[str, str], body: Object) -> R:
            return function(hub, **ids, **check_fields(model, body).model_dump(exclude_unset=True))  # type: ignore[call-arg, arg-type]

        @functools.wraps(function)
        def from_python(hub: Context, *args: P.args, **kwargs: P.kwargs) -> R:
            given = list(signature.bind(hub, *args, **kwargs).arguments.items())[1:]
            ids = {name: value for name, value in given if name in in_path}
            return call(hub, ids, _as_json({name: value for name, value in given if name not in in_path}))

        def from_http(hub: Context, body: Object | None = None, **ids: str) -> R:
            return call(hub, ids, body or {})

        _add(router, method, path, from_http, function, in_path, model)
        return from_python

    return decorate


def _model_of(name: str, parameters: list[inspect.Parameter]) -> type[BaseModel]:
    """The JSON body that these parameters are read from."""
    fields: dict[str, Any] = {}
    for each in parameters:
        default = None if each.default is UNCHANGED else each.default
        fields[each.name] = each.annotation if each.default is each.empty else (each.annotation, default)
    return create_model(name, __config__=ConfigDict(strict=True, extra="forbid"), **fields)


def _as_json(values: Object) -> Object:
    """Arguments from Python, as if they had come over HTTP."""
    try:
        return parse_object(json.dumps({name: value for name, value in values.items() if value is not ...}).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(400, f"not what JSON can hold: {error}") from None


def _add(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Callable[..., Any],
    function: Callable[..., Any],
    in_path: list[str],
    model: type[BaseModel],
) -> None:
    """Add the route. FastAPI reads what an endpoint takes from its signature."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("hub", keyword, annotation=Hub)]
    parameters += [inspect.Parameter(name, keyword, annotation=str) for name in in_path]
    if model.model_fields:
        parameters.append(inspect.Parameter("body", keyword, annotation=JsonObject))
    returned = inspect.signature(function).return_annotation
    endpoint.__signature__ = inspect.Signature(parameters, return_annotation=returned)  # type: ignore[attr-defined]
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        name=function.__name__,
        description=function.__doc__,
        openapi_extra=json_request(model.model_json_schema()) if model.model_fields else None,
    )
