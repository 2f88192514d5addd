"""The Wi-Fi station, and the air around the board."""

from collections.abc import Callable
from typing import Any

from .chip import Part
from .loop import Loop, Timer

# MicroPython, network_wlan.c: what status() gives. The numbers from 1 to 255 are ESP-IDF's wifi_err_reason_t.
IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010
BEACON_TIMEOUT, NO_AP_FOUND, WRONG_PASSWORD, ASSOC_FAIL = 200, 201, 202, 203
_ASSOC_LEAVE = 8
# How long until the driver's event tells the port that a disconnect is done. Until then the station is connected for
# isconnected(), and the driver takes no connect(): "sta is connecting, cannot set config".
_EVENT_S = 0.02
_STA, _AP = 0, 1
_ADDRESS = ("10.0.2.15", "255.255.255.0", "10.0.2.2", "10.0.2.3")
_NO_ADDRESS = ("0.0.0.0",) * 4
_NO_SUCH_HOST = -202


class Air:
    """The networks that can be received, and what lies behind them.

    `networks`: name -> password, None for an open one. `hosts`: names that the network's DNS answers itself, such as
    {"hub.example": "127.0.0.1"}; all others are asked of the machine's own resolver. `delay_s`: how long a
    connection takes to come about, or to fail. `failures`: how many of the next attempts fail to associate. `stuck`:
    see `VirtualBoard.wifi_stuck`.
    """

    def __init__(self, ssid: str, password: str | None) -> None:
        self.networks: dict[str, str | None] = {ssid: password}
        self.hosts: dict[str, str | None] = {}
        self.up = True
        self.rssi = -60
        self.delay_s = 0.2
        self.failures = 0
        self.stuck: str | None = None


class Wlan(Part):
    """The state machine of the station, as network_wlan.c drives ESP-IDF's. Only from the loop's thread.

    `on_link(bool)` hears when the board gets an address and when it loses it. Wi-Fi lives on over a soft reset.
    """

    def __init__(self, loop: Loop, air: Air, mac: bytes, on_link: Callable[[bool], Any]) -> None:
        self._loop = loop
        self._air = air
        self._chip_mac = mac
        self._on_link = on_link
        self._timer: Timer | None = None  # of the attempt that is under way
        self._leaving: Timer | None = None
        self.connected = False
        self._defaults()

    def _defaults(self) -> None:
        self._active = False
        self._requested = False
        self._reason = 0
        self._tries = 0
        self._ssid: str | None = None
        self._key: str | None = None
        self._fixed: list[str] | None = None
        self._hostname = "mpy-esp32"
        self._country = "XX"
        self._config: dict[str, Any] = {"reconnects": -1, "txpower": 20, "pm": 1, "channel": 1}
        self._config["mac"] = self._chip_mac.hex()

    def reset(self) -> None:
        self._stop()
        self._defaults()
        if self._air.stuck != "memory":
            self._air.stuck = None

    def air_changed(self) -> None:
        """Notice that a network came, went or has another password, or that the driver got stuck."""
        if self.connected and (self._air.stuck or self._outcome() == NO_AP_FOUND):
            self._set_connected(False)
            self._failed(BEACON_TIMEOUT)

    # What the board calls.

    def do_open(self, interface: int) -> None:
        if interface not in (_STA, _AP):
            raise ValueError("invalid WLAN interface identifier")

    def do_active(self, interface: int, *active: bool) -> bool:
        if interface == _AP:
            if active and active[0]:
                raise NotImplementedError("the virtual board has no access point")
            return False
        if active and not active[0]:
            # As in the port: that a connection was asked for, and why there was none, outlive the radio.
            if self._stop():
                self._reason = _ASSOC_LEAVE
            self._active = False
            if self._air.stuck in ("connecting", "radio"):
                self._air.stuck = None
        elif active:
            if self._air.stuck == "memory":
                raise RuntimeError("Wifi Unknown Error 0x0101")  # ESP_ERR_NO_MEM
            self._active = True
            self._tries = 0
        return self._active

    def do_connect(self, interface: int, ssid: str | None, key: str | None) -> None:
        self._require_station(interface)
        if not self._active:
            raise OSError("Wifi Not Started")
        if self._timer is not None or self._leaving is not None or self.connected:
            # ESP-IDF: "sta is connecting, cannot set config". While connected it depends on the version: be strict.
            raise OSError("Wifi Internal State Error")
        if ssid is not None:
            if len(ssid.encode()) > 32:
                raise ValueError("the network's name is longer than 32 bytes")
            self._ssid, self._key = ssid, key
        if not self._ssid:
            raise OSError("Wifi SSID Invalid")
        if self._key and not 8 <= len(self._key) <= 64:
            raise OSError("Wifi Invalid Password")
        self._requested = True
        self._tries = 0
        self._attempt()

    def do_disconnect(self, interface: int) -> None:
        self._require_station(interface)
        if not self._active:
            raise OSError("Wifi Not Started")
        self._requested = False
        if self._air.stuck == "connecting":
            self._air.stuck = None
        if self._leaving is None and (self.connected or self._timer is not None):
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._leaving = self._loop.after(_EVENT_S, self._left)

    def do_isconnected(self, interface: int) -> bool:
        return interface == _STA and self.connected

    def do_status(self, interface: int, *param: str) -> Any:
        if param == ("rssi",):
            self._require_station(interface)
            if not self.connected:
                raise OSError("Wifi Not Connected")
            return self._air.rssi
        if param:
            raise ValueError("unknown status param")
        if interface == _AP:
            return None
        if self.connected:
            return GOT_IP
        # The last reason comes first, also while the next attempt is under way; connect() does not clear it. So in the
        # port since 1.22 (ports/esp32/network_wlan.c).
        if self._reason == _ASSOC_LEAVE:
            return IDLE
        if self._reason in (NO_AP_FOUND, WRONG_PASSWORD):
            return self._reason
        if self._requested and self._goes_on():
            return CONNECTING  # also when the radio was off meanwhile, and nobody tries
        return self._reason or IDLE

    def do_get_config(self, interface: int, name: str) -> Any:
        self._require_station(interface)
        if name in ("ssid", "essid"):
            return self._ssid or ""
        if name in ("hostname", "dhcp_hostname"):
            return self._hostname
        if name not in self._config:
            raise ValueError("unknown config param")
        return self._config[name]

    def do_set_config(self, interface: int, values: dict[str, Any]) -> None:
        self._require_station(interface)
        for name, value in values.items():
            if name in ("ssid", "essid"):
                raise OSError("AP required")
            if name in ("hostname", "dhcp_hostname"):
                self.do_hostname(value)
            elif name not in self._config:
                raise ValueError("unknown config param")
            elif name == "mac" and (len(value) != 12 or int(value[1], 16) & 1):
                raise OSError("Invalid MAC Address")
            else:
                self._config[name] = value

    def do_ifconfig(self, interface: int, *value: Any) -> Any:
        self._require_station(interface)
        if not value:
            return tuple(self._fixed or _ADDRESS) if self.connected else _NO_ADDRESS
        if value == ("dhcp",):
            self._fixed = None
        elif isinstance(value[0], list) and len(value[0]) == 4 and all(isinstance(it, str) for it in value[0]):
            self._fixed = value[0]
        else:
            raise ValueError("invalid arguments")
        return None

    def do_ipconfig(self, interface: int, name: str) -> Any:
        address = self.do_ifconfig(interface)
        known = {"addr4": address[:2], "gw4": address[2], "dhcp4": self._fixed is None, "has_dhcp4": self.connected}
        if name not in known:
            raise ValueError("unknown config param")
        return known[name]

    def do_scan(self, interface: int) -> list:
        if not self._active:
            raise OSError("STA must be active")
        if not self._air.up:
            return []
        names = enumerate(self._air.networks.items())
        return [(ssid, "0200000000%02x" % i, 1, self._air.rssi, 3 if key else 0, False) for i, (ssid, key) in names]

    def do_hostname(self, *name: str) -> str:
        if name:
            if not isinstance(name[0], str) or not 1 <= len(name[0]) <= 32:
                raise ValueError("hostname must have 1 to 32 characters")
            self._hostname = name[0]
        return self._hostname

    def do_country(self, *code: str) -> str:
        if code:
            if not isinstance(code[0], str) or len(code[0]) != 2:
                raise ValueError("country must have 2 characters")
            self._country = code[0]
        return self._country

    def do_resolve(self, host: str) -> str:
        """The name to ask the machine's resolver for, in place of `host`."""
        if not self.connected:
            raise OSError(_NO_SUCH_HOST)
        if host in self._air.hosts:
            address = self._air.hosts[host]
            if address is None:
                raise OSError(_NO_SUCH_HOST)
            return address
        return host

    # How it goes on.

    def _attempt(self) -> None:
        self._timer = self._loop.after(self._air.delay_s, self._arrive)

    def _arrive(self) -> None:
        if self._air.stuck:
            self._attempt()  # without end
            return
        self._timer = None
        reason = self._outcome()
        if not reason and self._air.failures > 0:
            self._air.failures -= 1
            reason = ASSOC_FAIL
        if reason:
            self._failed(reason)
        else:
            self._tries = 0
            self._reason = 0
            self._set_connected(True)

    def _outcome(self) -> int:
        """0 for an address, or why there is none."""
        if not self._air.up or self._ssid not in self._air.networks:
            return NO_AP_FOUND
        return 0 if (self._air.networks[self._ssid] or None) == (self._key or None) else WRONG_PASSWORD

    def _failed(self, reason: int) -> None:
        self._reason = reason
        self._tries += 1
        if self._requested and self._goes_on():
            self._attempt()

    def _goes_on(self) -> bool:
        limit = self._config["reconnects"]
        return limit < 0 or self._tries <= limit

    def _left(self) -> None:
        self._stop()
        self._reason = _ASSOC_LEAVE

    def _stop(self) -> bool:
        """Whether there was a connection, or an attempt at one."""
        was_busy = self.connected or self._timer is not None or self._leaving is not None
        for timer in (self._timer, self._leaving):
            if timer is not None:
                timer.cancel()
        self._timer = self._leaving = None
        self._set_connected(False)
        return was_busy

    def _set_connected(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            self._on_link(connected)

    @staticmethod
    def _require_station(interface: int) -> None:
        if interface != _STA:
            raise OSError("STA required")
