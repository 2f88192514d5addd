"""What stands around the agent in its tests: the hub at the level of HTTP answers, and a board without hardware."""

import json

MAC = "24:0a:c4:12:45:56"


class Response:
    def __init__(self, status, body, headers=None):
        self.status_code = status
        self.content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = headers or {}
        self.closed = False

    def close(self):
        self.closed = True


class Requests:
    """An object with urequests' `request`. `answers`: what comes next, each a Response, an exception, or a (status,
    body); the last is given again and again. Every request is kept in `sent` as (method, url, headers, parsed body)."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.responses = []

    def request(self, method, url, data=None, headers=None, timeout=None):
        assert timeout, "a time-out must always be set"
        self.timeout = timeout
        self.sent.append((method, url, headers, json.loads(data) if data else None))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            answer = Response(*answer)
        self.responses.append(answer)
        return answer

    def all_closed(self):
        return all(response.closed for response in self.responses)


class Board:
    """The board that the agent sees, with a button to press and a link to take away."""

    def __init__(self):
        self.connected = False
        self.in_reach = True
        self.pressed = False
        self.lit = False
        self.fed = 0
        self.rested = 0
        self.hung = ""
        self.cause = "power on"
        self.resets = 0

    def is_connected(self):
        return self.connected

    def connect(self, ssid, password, timeout=15):
        from telemetry.errors import WifiError

        if not self.in_reach:
            raise WifiError("Wi-Fi %s: no such network in reach" % ssid)
        self.connected = True

    def is_hopeless(self):
        return False

    def address(self):
        return "10.0.0.2"

    def wifi_strength(self):
        return -60 if self.connected else None

    def is_pressed(self):
        return self.pressed

    def light(self, on):
        self.lit = on

    def feed(self):
        self.fed += 1

    def rest(self):
        self.rested += 1

    def serial_number(self):
        return MAC.replace(":", "").upper()

    def heap(self):
        return [(100000, 50000, 30000, 20000)]

    def reset_cause(self):
        return self.cause

    def reset(self):
        self.resets += 1
        raise SystemExit


class Ticks:
    """A clock to turn by hand, in place of `ticks_ms` of the modules that it is given."""

    def __init__(self, *modules):
        self.now = 1000
        for module in modules:
            module.ticks_ms = self
            if hasattr(module, "sleep_ms"):
                module.sleep_ms = self.sleep

    def __call__(self):
        return self.now

    def sleep(self, ms):
        self.now += ms
