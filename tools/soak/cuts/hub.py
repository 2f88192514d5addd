"""The hub at the level of HTTP, with one device, and all that there is beside the flash: what survives the board's
power is a dict, so that there is one of it for each moment."""

import json

import shelf

# What a device at the hub begins with.
_NEW = {
    "firmware": None,
    "config": {},
    "config_version": 0,
    "told": {},
    "commands": [],
    "changes": [],  # of licences, which the board has not reported
    "states": [],  # of licences, as reported: [id, state]
    "incidents": [],
    "space": None,
    "space_version": 0,
}


class World:
    """`now`: what is true of hub, operator and user. Who changes it calls `touch`."""

    def __init__(self, moment):
        self.now = json.loads(moment)
        self._moment = moment

    def touch(self):
        self._moment = None

    def moment(self):
        if self._moment is None:
            self._moment = json.dumps(self.now)
        return self._moment


def new_world():
    world = World("{}")
    world.now.update(
        device=None,  # the one that is at the hub
        refuses=False,  # to register it
        doubts=False,  # whether the key is good, which it is
        given=0,  # identities
        entry_url="http://entry",
        running="1.0.0",
        acts=0,  # of the flow, which are done
        applied=None,  # what the user's function put into force last
        announced=[],
        queued=0,  # commands, ever
        ran=[],
        cuts=0,
        ms=1000,  # the time
        down=False,  # the network
        taken=[],  # samples: [number, when]
        got=[],  # by the hub: [number, timestamp]
        ends=[],  # of lives that a cut ended: [samples that were taken, when]
        crashes=0,
        safe=0,  # starts in safe mode
        slices=0,  # answers with a part of a firmware
        served=0,  # bytes in those that were not cut
        wrong=None,  # what the hub saw and should not have
        saved={},  # path -> what was last saved there
        saving=None,  # [path, what], while it is saved
    )
    world.touch()
    return world


class Response:
    def __init__(self, status, body):
        self.status_code = status
        self.content = json.dumps(body).encode()
        self.headers = {}

    def close(self):
        pass


class Hub:
    """In place of a session."""

    def __init__(self, world, sleep):
        self.world = world
        self.sleep = sleep
        self.other = 0  # requests than telemetry

    def request(self, method, url, data=None, headers=None, timeout=None, stream=False, redirects=0):
        if self.world.now["down"]:
            raise OSError(113)
        if url.startswith(shelf.URL):
            self.other += 1
            return shelf.Part(self.world, url, headers, self.sleep)
        path = url.split("/v1/devices")[1]
        body = json.loads(data) if data else None
        if not path:
            self.other += 1
            return Response(*self._register(url, body))
        device = self.world.now["device"]
        if (
            device is None
            or self.world.now["doubts"]
            or headers["Authorization"] != device["key"]
            or path.split("/")[1] != device["id"]
        ):
            return Response(401, {"error": "key: unknown"})
        path = method + " /" + "/".join(path.split("/")[2:])
        if path == "POST /telemetry":
            n = body["telemetries"].get("n")
            if n is not None:
                self.world.now["got"].append([n, body.get("timestamp")])
                self.world.touch()
            return Response(200, _asked(device))
        self.other += 1
        answer = _act(device, path, body)
        self.world.touch()
        return Response(*answer)

    def renew(self, timeout):
        pass

    def _register(self, url, body):
        now = self.world.now
        if has_good_key(now) and not now["refuses"]:
            now["wrong"] = "registers, though the key on flash is good"
        if now["refuses"]:
            return 422, {"error": "sn: known"}
        now["given"] += 1
        name = "d-%d" % now["given"]
        now["device"] = dict(json.loads(json.dumps(_NEW)), id=name, key="key-" + name, told=body)
        self.world.touch()
        return 200, {"id": name, "access_key": "key-" + name, "hub_url": "http://hub"}


def has_good_key(now):
    return now["device"] and now["saved"].get("identity.json", {}).get("access_key") == now["device"]["key"]


def queued(device):
    return [each for each in device["commands"] if each["status"] in ("pending", "in_progress")]


def _asked(device):
    return {
        "success": True,
        "latest_fw_version": device["firmware"],
        "latest_fw_file_id": "f-" + device["firmware"] if device["firmware"] else None,
        "config_version": device["config_version"],
        "command": bool(queued(device)),
        "new_licenses": bool(device["changes"]),
        "space_data_version": device["space_version"] if device["space"] else 0,
    }


def _act(device, path, body):
    if path == "POST /config":
        device["config"] = body
        device["config_version"] += 1
    if path[-7:] == "/config":
        return 200, {"version": device["config_version"], "device_id": device["id"], "config": device["config"]}
    if path == "GET /command":
        return 200, dict(queued(device)[0], history=None) if queued(device) else {}
    if path == "POST /command":
        return _reported(device, body)
    if path == "GET /license":
        return 200, device["changes"][0] if device["changes"] else {}
    if path == "POST /licenses":
        device["states"].append([body["id"], body["state"]])
        device["changes"] = [each for each in device["changes"] if each["id"] != body["id"]]
        return 200, {}
    if path == "PUT /":
        device["told"].update(body)
        return 200, {}
    if path == "GET /space":
        return (200, device["space"]) if device["space"] else (404, {"error": "space: not claimed"})
    if path[:13] == "GET /files/f-":
        return 200, shelf.described(path[13:])
    return _noticed(device, path, body)


def _reported(device, report):
    for command in device["commands"]:
        if command["id"] == report["id"]:
            if command not in queued(device):
                return 422, {"error": "id: this command is " + command["status"]}
            command["status"] = report["status"]
            command["history"].append([report["status"], report.get("message")])
            return 200, {}
    return 404, {"error": "id: unknown"}


def _noticed(device, path, body):
    incidents = device["incidents"]
    if path == "POST /incidents":
        incidents.append(dict(body, id="i-%d" % len(incidents), status="open"))
        return 200, {"incident_id": incidents[-1]["id"]}
    if path == "GET /incidents":
        return 200, incidents
    if path[:17] == "DELETE /incidents":
        for each in incidents:
            if path in ("DELETE /incidents", "DELETE /incidents/" + each["id"]):
                each["status"] = "closed"
        return 200, {}
    return 404, {"error": "no such path: " + path}
