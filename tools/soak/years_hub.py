"""The hub of a long life: small, quick, and unreliable by a seed. It judges what it is told."""

import datetime
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tools.hub.maker import Maker

_FEATURES = ("recording", "export")
_MOST_DEVICES = 6  # a board that lost the answer to its registration goes on as the device before
_SURE_S = 2 * 86400  # around its expiry nobody asks whether a licence is in use
_INTERVALS = (1, 60, 600, 3600, 3600, 10000, 20000, 86400)
_CALM = {"interval": 60, "mode": 0}
Answer = tuple[int, Any]


@dataclass
class Known:
    """A device."""

    id: str
    key: str
    state: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    config_version: int = 0
    commands: list[dict[str, Any]] = field(default_factory=list)  # not over yet, the oldest first
    changes: list[dict[str, Any]] = field(default_factory=list)  # of licences
    licenses: dict[str, tuple[str, int]] = field(default_factory=dict)  # id -> feature, expiry in Unix time
    incidents: dict[str, str] = field(default_factory=dict)  # id -> issue
    space: int = 0
    info: int = 1


class Judge:
    """What the hub has, and what of it is wrong. `base`: the Unix time that the board's `at_s` counts from."""

    def __init__(self, seed: int, maker: Maker) -> None:
        self.random = random.Random(seed)
        self.maker = maker
        self.base = self.now = 0
        self.url = ""  # its own
        self.may_reboot = True
        self.is_usual = False  # no licences
        self.devices: dict[str, Known] = {}
        self.broken: list[str] = []
        self.counts: dict[str, int] = {}
        self.refusals = 0  # registrations that are refused before one is not
        self.firmware = 1
        self._number = 0
        self._last_n = 0

    @property
    def is_calm(self) -> bool:
        """Whether the board waits for everything to be over."""
        return any(device.state.get("calm") for device in self.devices.values())

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _new(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}-{self._number:06}"

    def answer(self, method: str, path: str, key: str, body: bytes) -> Answer:
        """Status and JSON of one request."""
        parts = path.strip("/").split("/")
        if parts[:2] != ["v1", "devices"]:
            self.broken.append(f"{method} {path}")
            return 404, {"error": "no such path"}
        self.count(method + " /" + "/".join("*" if "-0" in part else part for part in parts[3:]))
        told = json.loads(body) if body and "dumps" not in parts else {}
        if len(parts) == 2:
            return self._register()
        device = self.devices.get(parts[2])
        if device is None or device.key != key:
            return 401, {"error": "no such device"}
        name = method.lower() + "_" + (parts[3] if len(parts) > 3 else "device")
        try:
            return getattr(self, name)(device, parts[4:], told)
        except AttributeError:
            self.broken.append(f"{method} {path}")
            return 404, {"error": "no such path"}

    # Registration

    def delete(self) -> None:
        """Somebody deletes all devices."""
        self.devices.clear()
        self.refusals = self.random.choice((0, 0, 1, 3))

    def _register(self) -> Answer:
        if self.refusals > 0:
            self.refusals -= 1
            return 422, {"error": "sn: known"}
        device = self._add()
        return 200, {"id": device.id, "access_key": device.key, "hub_url": self.url}

    def _add(self) -> Known:
        device = Known(self._new("d"), self._new("key"))
        self.devices[device.id] = device
        while len(self.devices) > _MOST_DEVICES:
            del self.devices[next(iter(self.devices))]
        return device

    def post_children(self, device: Known, rest: list[str], told: dict[str, Any]) -> Answer:
        if rest == ["telemetries"]:
            replies = {}
            for child_id, message in told.items():
                child = self.devices.get(child_id)
                replies[child_id] = {"error": "no such child"} if child is None else self._taken(child, message)
            return 200, replies
        child = self._add()
        return 200, {"id": child.id, "access_key": child.key}

    # Telemetry

    def post_telemetry(self, device: Known, _rest: list[str], told: dict[str, Any]) -> Answer:
        values = told.get("telemetries", {})
        if told.get("override"):
            device.state = {}
        device.state |= values
        if not {"n", "at_s"} - device.state.keys():
            if "timestamp" in told:  # it waited
                if values.get("n", self._last_n) < self._last_n:
                    self.broken.append(f"{values['n']} behind {self._last_n}")
                self._last_n = values.get("n", self._last_n)
            else:
                self.now = self.base + device.state["at_s"]
                if not self.is_usual:
                    self._judge_license(device)
        self._happen(device, "timestamp" not in told)
        return 200, self._reply(device)

    def _taken(self, device: Known, message: dict[str, Any]) -> dict[str, Any]:
        if message.get("override"):
            device.state = {}
        device.state |= message.get("telemetries", {})
        return self._reply(device)

    def _reply(self, device: Known) -> dict[str, Any]:
        return {
            "success": True,
            "config_version": device.config_version,
            "command": bool(device.commands),
            "new_licenses": bool(device.changes),
            "info_version": device.info,
            "latest_fw_version": f"1.0.{self.firmware}",
            "latest_fw_file_id": f"file-{self.firmware}",
            "space_data_version": device.space,
        }

    def _judge_license(self, device: Known) -> None:
        now = self.now
        ends = [end for feature, end in device.licenses.values() if feature == "recording"]
        if device.state.get("is_right") and not device.changes and all(abs(end - now) > _SURE_S for end in ends):
            expected = any(end > now for end in ends)
            self.count(f"licensed {expected}")
            if device.state["licensed"] != expected:
                self.broken.append(f"licensed is {device.state['licensed']} at {now}: {device.licenses}")

    # What is asked

    def _happen(self, device: Known, is_new: bool) -> None:
        if self.is_calm:
            self._calm()
            return
        if device.config == _CALM:
            self._set_config(device, {"interval": self.random.choice(_INTERVALS)})
        chance = self.random.randrange(1000)
        target = self.random.choice((device, *list(self.devices.values())[-1:]))
        if chance < 8:
            names = ("blink", "blink", "safe", "fails", "unknown", "dump") + (("reboot",) if self.may_reboot else ())
            self._number += 1
            command = {"id": self._new("c"), "name": self.random.choice(names), "parameters": {"n": self._number}}
            target.commands.append(command | {"status": "pending"})
        elif chance < 22:
            self._set_config(target, {"interval": self.random.choice(_INTERVALS), "mode": chance})
        elif chance < 30 and not self.is_usual and device.state.get("is_right") and is_new:
            self._change_license(device)
        elif chance < 31:
            self.firmware += 1
        elif chance < 33:
            target.space = self.random.choice((0, target.space + 1))
            target.info += 1
        elif chance == 33 and self.random.random() < 0.2:
            self.delete()

    def _set_config(self, device: Known, config: dict[str, Any]) -> None:
        device.config = config
        device.config_version += 1

    def _calm(self) -> None:
        for device in self.devices.values():
            if device.config != _CALM:
                self._set_config(device, _CALM)
            pending = {change["id"] for change in device.changes}
            for license_id in device.licenses.keys() - pending:
                device.changes.append({"id": license_id, "action": "remove", "data": "", "signature": ""})

    def _change_license(self, device: Known) -> None:
        now = self.now
        old = self.random.choice([None, *device.licenses])
        if old and any(change["id"] == old for change in device.changes):
            return
        action = "add" if old is None else self.random.choice(("update", "remove"))
        if action == "add" and len(device.licenses) + len(device.changes) > 4:
            return
        feature = device.licenses[old][0] if old else self.random.choice(_FEATURES)
        ends = now + self.random.randrange(86400, 60 * 86400)
        self._number += 1
        device.changes.append(
            {
                "id": old or self._new("l"),
                "action": action,
                "data": feature,
                "signature": self.maker.sign(feature.encode()),
                "expires_at": _iso(ends),
                "current_time": _iso(now),
                "ends": ends,
            }
        )

    # The other endpoints

    def get_device(self, device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {"id": device.id, "name": "Board", "info_version": device.info}

    def put_device(self, _device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {}

    def get_space(self, device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {"name": f"Hall {device.space}", "location": {"utc_offset": 60}}

    def get_config(self, device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {"version": device.config_version, "config": device.config}

    def post_config(self, device: Known, rest: list[str], told: dict[str, Any]) -> Answer:
        self._set_config(device, told)
        return self.get_config(device, rest, told)

    def get_command(self, device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, device.commands[0] if device.commands else {}

    def post_command(self, device: Known, _rest: list[str], told: dict[str, Any]) -> Answer:
        for command in device.commands:
            if command["id"] == told["id"]:
                command["status"] = told["status"]
                if told["status"] != "in_progress":
                    device.commands.remove(command)
                    self.count("command " + told["status"])
                return 200, {}
        return 404, {"error": "no such command"}

    def get_license(self, device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {key: value for key, value in device.changes[0].items() if key != "ends"} if device.changes else {}

    def post_licenses(self, device: Known, _rest: list[str], told: dict[str, Any]) -> Answer:
        if not device.changes or device.changes[0]["id"] != told["id"]:
            return 404, {"error": "no such change"}
        change = device.changes.pop(0)
        if told["state"] == "error":
            self.broken.append(f"licence refused: {told.get('error')}")
        elif change["action"] == "remove":
            device.licenses.pop(change["id"], None)
        else:
            device.licenses[change["id"]] = change["data"], change["ends"]
        return 200, {}

    def get_files(self, _device: Known, rest: list[str], _told: Any) -> Answer:
        return 200, {"id": rest[0], "name": "firmware.bin", "checksum": "00"}

    def post_dumps(self, _device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {"id": "dump-000001"}

    def put_dumps(self, _device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {}

    def post_incidents(self, device: Known, _rest: list[str], told: dict[str, Any]) -> Answer:
        incident_id = self._new("i")
        device.incidents[incident_id] = told["issue"]
        return 200, {"incident_id": incident_id}

    def get_incidents(self, device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, [{"id": id, "issue": issue, "status": "open"} for id, issue in device.incidents.items()]

    def delete_incidents(self, device: Known, rest: list[str], _told: Any) -> Answer:
        if rest:
            device.incidents.pop(rest[0], None)
        else:
            device.incidents.clear()
        return 200, {}

    def post_events(self, _device: Known, _rest: list[str], _told: Any) -> Answer:
        return 200, {}


def _iso(seconds: int) -> str:
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat() + "Z"
