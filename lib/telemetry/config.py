"""The configuration in force: from the hub, and from the user's program (Device API, get config and set config).

What the user set goes on top of what the hub gives, until the hub has it too. State file: `config` in force, `version`
of the hub's in it, `changes` of the user's that the hub does not have yet, and `refused`, the version that the user's
function did not take.
"""

import json

from micropython import const

from . import errors

if False:  # for the type checker
    from .device import Device

_MOST = const(16000)  # bytes of JSON; the rest of a state file is for the versions
_LATER = const(300)  # seconds


def begin(device: "Device") -> None:
    """Puts into force what was saved."""
    device.due["config"] = 0  # for what was set and not sent, and to tell the version
    state = _load(device)
    if state["version"] or state["config"]:
        _apply(device, state["config"], {})


def attend(device: "Device") -> int | None:
    """Gets the hub's configuration if it is newer, and sends what the user set.

    One that the user's function refuses is not in force, and not asked for again. What the user set and the hub refuses
    stays in force here until the hub gives a newer one; it goes up again, with all the rest, at the next `set`.
    """
    state = _load(device)
    again = None
    wanted = device.versions.get("config_version", 0)
    if wanted > max(state["version"], state["refused"], device.refused):
        try:
            if _take(device, device.ask("GET /config", dict), state) < wanted:
                again = _LATER  # not yet the one that the hub told of
        except errors.BodyTooLarge as error:
            if "memory" in str(error):
                raise  # there may be more another time
            device.fault("on_config", error)
            device.refused = wanted
        state = _load(device)
    if device.refused > state["refused"]:
        # Noted only once the hub has the incident, so that a cut between loses no word of it. And no version that
        # comes of what the user set ends that incident before.
        incident = device.faults.get("on_config")
        if incident and incident.id is None:
            return 0
        state["refused"] = device.refused
        _save(device, state, 0)
    if state["changes"]:
        version = 0
        config = state["config"]
        try:
            version = _field(device.ask("POST /config", dict, config), "version", int)
        except errors.Rejected as error:
            device.fault("config.set", error, "on_config")
        state = _load(device)
        if _same(state["config"], config):  # else the user set more meanwhile
            state["changes"] = {}
        _save(device, state, version)
    if state["version"]:
        device.facts["config_version"] = state["version"]
        device.due["tell"] = 0
    return again


def change(device: "Device", changes: dict) -> None:
    """Puts `changes`, key -> value, into force here, saved, and has them sent. Raises ValueError for what JSON cannot
    hold, and StoreError; then nothing was changed. What is so already is neither saved nor sent."""
    _check("", changes)
    state = _load(device)
    new = dict(state["config"], **changes)
    if not _same(new, state["config"]):
        state["config"] = new
        state["changes"].update(changes)
        _save(device, state, 0)
        device.due["config"] = 0


def _take(device, reply, state):
    version = _field(reply, "version", int)
    config = _field(reply, "config", dict)
    new = dict(config, **state["changes"])
    if not _same(new, state["config"]) and not _apply(device, new, state["changes"]):
        device.refused = version
        return version
    state = _load(device)  # the user's function may have set something
    state["config"] = new = dict(config, **state["changes"])
    if _same(new, config):
        state["changes"] = {}  # the hub has them: it was its answer that got lost
    _save(device, state, version)
    return version


def _apply(device, config, changes):
    # Whether it can be kept, and the user's function takes it.
    try:
        _check("", config)
        text = json.dumps([config, changes])
        if len(text.encode()) > _MOST:
            raise ValueError("config: too large: at most %d bytes" % _MOST)
        if device.apply:
            device.apply(json.loads(text)[0])  # a copy: the function may do with it as it likes
        return True
    except (errors.TooManyRequests, errors.Unauthorized, MemoryError):
        raise  # no word on the configuration
    except Exception as error:
        device.fault("on_config", error)


def _load(device):
    state = {"version": 0, "refused": 0, "config": {}, "changes": {}}
    state.update(device.load("config", True))
    if state.get("device") != device.hub.identity.get("id"):
        # It was another device at the hub: what is in force stays so, its version was the other's.
        state["version"] = state["refused"] = 0
    return state


def _save(device, state, version):
    # `version`: on which hub and board agree now, or 0.
    if version:
        state["version"] = version
        device.settled("on_config")
    device.save("config", state)
    if device._config:
        device._config.values = None  # it looks again


def _field(reply, name, kind):
    value = reply.get(name)
    if type(value) is not kind:
        raise errors.ReplyError("config: %s: expected %s" % (name, kind.__name__))
    return value


def _check(name, value):
    kind = type(value)
    is_json = value is None or kind in (dict, list, str, bool, int) or (kind is float and value - value == 0)
    if type(name) is not str or not is_json:
        raise ValueError("config: %s: not what JSON holds" % (name,))
    if kind in (dict, list):
        for each in value:
            if kind is dict:
                _check(each, value[each])
            else:
                _check(name, each)


def _same(a, b):
    # Not as ==, which takes 1 and True for the same.
    kind = type(a)
    is_same = kind is type(b) and a == b
    if is_same:
        for key in a if kind is dict else range(len(a)) if kind is list else ():
            is_same = is_same and _same(a[key], b[key])
    return is_same
