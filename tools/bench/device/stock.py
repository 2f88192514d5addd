"""What a user writes today: MicroPython's own `requests`, all keys, a connection for every telemetry."""

import json

import requests


def prepare(config):
    """A function that sends one telemetry."""
    identity = config["identity"]
    url = "%s/v1/devices/%s/telemetry" % (config["url"], identity["id"])
    headers = {"Content-Type": "application/json", "Authorization": identity["access_key"]}
    body = {"status": "online", "telemetries": None}

    def send(readings):
        body["telemetries"] = readings.all
        response = requests.request("POST", url, data=json.dumps(body), headers=headers)
        reply = response.json()
        response.close()
        return reply

    return send
