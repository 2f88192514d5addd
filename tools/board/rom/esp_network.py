# ruff: noqa: RET503 - as small as can be: this takes heap of the board
from esp_chip import call as _call
from esp_chip import hexed as _hexed

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_BEACON_TIMEOUT, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD, STAT_ASSOC_FAIL, STAT_HANDSHAKE_TIMEOUT = range(200, 205)
AUTH_OPEN, AUTH_WEP, AUTH_WPA_PSK, AUTH_WPA2_PSK, AUTH_WPA_WPA2_PSK = range(5)


def _text(value):
    return value if value is None or isinstance(value, str) else bytes(value).decode()


class WLAN:
    IF_STA, IF_AP = 0, 1
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2

    def __init__(self, interface_id=0):
        _call("wlan.open", interface_id)
        self._id = interface_id

    def active(self, *is_active):
        return _call("wlan.active", self._id, *[bool(it) for it in is_active])

    def connect(self, ssid=None, key=None, *, bssid=None):
        _call("wlan.connect", self._id, _text(ssid), _text(key))

    def disconnect(self):
        _call("wlan.disconnect", self._id)

    def isconnected(self):
        return _call("wlan.isconnected", self._id)

    def status(self, *param):
        return _call("wlan.status", self._id, *param)

    def config(self, *param, **values):
        if param and values:
            raise TypeError("either pos or kw args are allowed")
        if not values:
            (name,) = param
            value = _call("wlan.get_config", self._id, name)
            return bytes.fromhex(value) if name == "mac" else value
        if "mac" in values:
            values["mac"] = _hexed(values["mac"])
        _call("wlan.set_config", self._id, values)

    def ifconfig(self, *value):
        it = _call("wlan.ifconfig", self._id, *value)
        return it and tuple(it)

    def ipconfig(self, param):
        it = _call("wlan.ipconfig", self._id, param)
        return tuple(it) if isinstance(it, list) else it

    def scan(self):
        return [(it[0].encode(), bytes.fromhex(it[1])) + tuple(it[2:]) for it in _call("wlan.scan", self._id)]

    def __repr__(self):
        return "<WLAN %s>" % ("AP" if self._id else "STA")


def hostname(*name):
    return _call("wlan.hostname", *name)


def country(*code):
    return _call("wlan.country", *code)
