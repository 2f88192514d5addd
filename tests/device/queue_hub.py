"""A hub with a queue of commands, at the level of HTTP, that remembers what it was told; and what can go wrong."""

import json

from fakes import Response


class PowerCut(BaseException):
    """Nothing of the program runs any more."""


class QueueHub:
    """In place of `Requests`. Commands are dicts as get command gives them, with a `history` of accepted updates.

    `fault`: (number of the request, counted from 1 without telemetries; what happens to it): "cut before" or "cut
    after" the hub acted, "lost" is the answer to what it acted on, or an answer to what it did not act on.
    """

    def __init__(self, *commands, fault=(0, None)):
        self.commands = [dict(command, status="pending", history=[]) for command in commands]
        self.fault = fault
        self.asked = []  # all but telemetries: (method, path, body)
        self.dumps = {}
        self.dump_id = {"id": "dump-1"}  # how the hub names the next one
        self.telemetries = 0

    def queue(self):
        return [command for command in self.commands if command["status"] in ("pending", "in_progress")]

    def history(self, n=0):
        return self.commands[n]["history"]

    def request(self, method, url, data=None, headers=None, timeout=None):
        path = url.split("/v1/devices/d-1")[1]
        if path.startswith("/incidents"):  # of a flash that fails
            return Response(200, {})
        if path == "/telemetry":
            self.telemetries += 1
            return Response(200, {"success": True, "command": bool(self.queue())})
        self.asked.append((method, path, data))
        what = self.fault[1] if len(self.asked) == self.fault[0] else None
        if what == "cut before":
            raise PowerCut
        if isinstance(what, tuple):
            return Response(*what)
        if isinstance(what, Exception):
            raise what
        answer = self.answer(method, path, data)
        if what == "cut after":
            raise PowerCut
        if what == "lost":
            raise OSError(104)
        return Response(*answer)

    def answer(self, method, path, data):
        if path == "/command":
            if method == "GET":
                return 200, self.shown(self.queue()[0]) if self.queue() else {}
            return self.update(json.loads(data))
        if path.startswith("/dumps/"):
            if method == "POST":
                self.dumps[path[7:]] = [data]
                return 200, self.dump_id
            for pieces in self.dumps.values():
                pieces.append(data)
            return 200, {}
        return 404, {"error": "no such path"}

    @staticmethod
    def shown(command):
        return {name: value for name, value in command.items() if name != "history"}

    def update(self, report):
        assert set(report) <= {"id", "status", "message"}, report
        for command in self.commands:
            if command["id"] == report["id"]:
                if command not in self.queue():
                    return 422, {"error": "id: this command is " + command["status"]}
                command["status"] = report["status"]
                command["history"].append((report["status"], report.get("message")))
                return 200, b"OK"  # only the status matters
        return 404, {"error": "id: unknown"}
