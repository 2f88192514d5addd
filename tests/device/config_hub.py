"""A hub that thinks, at the level of HTTP: configuration, device info and space of one device.

`faults` makes requests fail: (method and path from the device on, what happens). What happens: "lose", the hub acts
and its answer is lost; "refuse", it does not even act; an exception, likewise; a (status, body) in place of acting; a
dict that is merged into a good answer. Each is used up by the request that it hits.
"""

import json

from fakes import Response

PATH = "/v1/devices/"


class Hub:
    def __init__(self):
        self.version = 0
        self.config = {}
        self.info_version = 0
        self.info = {"id": "d-1", "name": "Board"}
        self.space_version = 0
        self.space = None
        self.incidents = []  # open incident's bodies, with an id; a closed one has None
        self.told = {}  # what update device said last
        self.id = "d-1"
        self.faults = []
        self.sent = []
        self.cut = None  # is called before and after each request is acted on: the power may go there

    def set_config(self, **config):
        self.config = config
        self.version += 1

    def claim(self, **space):
        self.space = space
        self.space_version += 1

    def unclaim(self):
        self.space = None

    def reply(self):
        return {
            "success": True,
            "config_version": self.version,
            "info_version": self.info_version,
            "space_data_version": 0 if self.space is None else self.space_version,
        }

    def request(self, method, url, data=None, headers=None, timeout=None):
        body = json.loads(data) if data else None
        path = "/" + "/".join(url.split(PATH)[-1].split("/")[1:]) if PATH in url else "register"
        name = method + " " + path
        self.sent.append((name, body))
        fault = None
        for place in self.faults:
            if place[0] == name:
                self.faults.remove(place)
                fault = place[1]
                break
        if fault == "refuse":
            raise OSError(104)
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, tuple):
            return Response(*fault)
        if self.cut:
            self.cut()
        status, answer = self.act(name, body)
        if self.cut:
            self.cut()
        if fault == "lose":
            raise OSError(104)
        if isinstance(fault, dict):
            answer = dict(answer)
            answer.update(fault)
        return Response(status, answer)

    def act(self, name, body):
        if name == "POST register":
            return 200, {"id": self.id, "access_key": "k", "hub_url": "http://hub"}
        if name == "POST /telemetry":
            return 200, self.reply()
        if name == "POST /config":
            self.set_config(**body)
        if name.endswith("/config"):
            return 200, {"version": self.version, "name": None, "device_id": self.id, "config": self.config}
        if name == "GET /":
            return 200, self.info
        if name == "GET /space":
            return (404, {"error": "space: not claimed"}) if self.space is None else (200, self.space)
        if name == "PUT /":
            self.told.update(body)
            return 200, {}
        if name == "POST /incidents":
            self.incidents.append(dict(body, id=str(len(self.incidents) + 1)))
            return 200, {"incident_id": self.incidents[-1]["id"]}
        if name.startswith("DELETE /incidents"):
            for each in self.incidents:
                if name in ("DELETE /incidents", "DELETE /incidents/%s" % each["id"]):
                    each["id"] = None
            return 200, {}
        if name == "GET /incidents":
            return 200, [dict(each, status="open" if each["id"] else "closed") for each in self.incidents]
        return 404, {"error": "no such thing: " + name}

    def asked(self):
        """The requests since the last time, but telemetry and incidents."""
        names = [name for name, _ in self.sent if name != "POST /telemetry" and "/incidents" not in name]
        self.sent.clear()
        return names
