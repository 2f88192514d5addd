"""A hub that keeps incidents and events, at the level of HTTP; its answers may get lost, and the power may go."""

import json

from fakes import Response
from power import PowerCut
from rig import IDENTITY, UNREACHABLE


class NoticeHub:
    """`trouble(method, path)` gives for each request, telemetry apart, None, or what happens to it in place of its
    answer: "unreached", "lost" (after the hub acted), "cut" and "cut after" (the power), or a Response's arguments."""

    def __init__(self):
        self.incidents = []
        self.events = []
        self.asked = []  # what was asked, telemetry apart
        self.bodies = []
        self.trouble = lambda method, path: None
        self.device = "d-1"
        self.firmware = None
        self.telemetries = 0

    def request(self, method, url, data=None, headers=None, timeout=None):
        path = url.split("/v1")[1]
        body = json.loads(data) if data else None
        if path.endswith("/telemetry"):
            self.telemetries += 1
            if self.device not in path:
                return Response(401, {})
            return Response(200, {"success": True, "latest_fw_version": self.firmware})
        if path == "/devices":
            return Response(200, dict(IDENTITY, id=self.device))
        path = path[len("/devices/d-1") :]
        if not path:
            return Response(200, {})  # update device
        self.asked.append(method + " " + path)
        self.bodies.append(body)
        trouble = self.trouble(method, path)
        if trouble == "cut":
            raise PowerCut
        if trouble == "unreached":
            raise UNREACHABLE
        if isinstance(trouble, tuple):
            return Response(*trouble)
        answer = self.act(method, path, body)
        if trouble == "cut after":
            raise PowerCut
        if trouble == "lost":
            raise UNREACHABLE
        return Response(*answer)

    def act(self, method, path, body):
        if path == "/events":
            self.events.append(body)
        elif method == "GET":
            return 200, self.incidents
        elif method == "POST":
            assert sorted(body) == ["description", "issue", "priority", "title"]
            self.incidents.append(dict(body, id="i-%d" % len(self.incidents), status="open"))
            return 200, {"incident_id": self.incidents[-1]["id"]}
        else:
            found = [each for each in self.incidents if path in ("/incidents", "/incidents/" + each["id"])]
            if not found and path != "/incidents":
                return 404, {"error": "no such incident"}
            for each in found:
                each["status"] = "closed"
        return 200, {"success": True}

    def open(self):
        """The issues that are open."""
        return [each["issue"] for each in self.incidents if each["status"] == "open"]

    def answers(self, method, what):
        """Lets `what` happen to all requests of `method`."""
        self.trouble = lambda asked, path: what if asked == method else None

    def at(self, number, what):
        """Lets `what` happen to one request, counted from now."""
        last = len(self.asked) + 1 + number
        self.trouble = lambda method, path: what if len(self.asked) == last else None
