"""What the hub says of a device and of where it is, for the user's program (Device API, get device info, get space
info). State file: `info` and `space`, and the versions that they are of."""

import json

from micropython import const

from . import errors

if False:  # for the type checker
    from .device import Device

_MOST = const(4000)  # bytes of JSON, of each


def begin(device: "Device") -> None:
    """What was saved is in use as soon as it is looked at; the hub may not have been told yet."""
    device.due["space"] = 0


def attend(device: "Device") -> None:
    """Gets what the hub has another version of. Where it says 404 there is nothing, and nobody claims the device."""
    state = device.load("space")
    for field, endpoint in (("info_version", "GET "), ("space_data_version", "GET /space")):
        saved = state.get(field, 0)
        version = device.versions.get(field, saved)
        if version != saved:
            found = {}
            try:
                if version:
                    found = _kept(device.ask(endpoint, dict))
            except errors.NotFound as error:
                device.report("space", error)
                version = 0
            state[field.split("_")[0]] = found
            state[field] = version
            device.save("space", state)
            device.place = None  # it is read again
    if "space" in state:
        device.facts["space_version"] = state["space_data_version"]
        device.due["tell"] = 0


def _kept(reply):
    # What a program can use, as far as there is room: no lists, no secret, no time that is over.
    kept = {}
    room = _MOST
    # Before all others, if they are of these types.
    first = {"name": str, "location": dict, "temperature_units": str, "details": dict}
    for name in list(first) + list(reply):
        value = reply.get(name)
        kind = type(value)
        if kind is first.get(name, kind) and kind in (str, bool, int, float, dict):
            text = json.dumps({name: value}).encode()
            if len(text) < room and name not in ("access_key", "local_time"):
                try:
                    kept.update(json.loads(text))
                    room -= len(text)
                except ValueError:
                    pass  # of an infinite number MicroPython writes no JSON
    location = kept.get("location", {})
    if type(location.get("utc_offset", 0)) is not int:
        del location["utc_offset"]
    return kept
