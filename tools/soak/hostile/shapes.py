"""Inputs as a hub, a file or a server might shape them, and nearly right: what hypothesis draws them from."""

import json
from collections.abc import Callable

from hypothesis import strategies as st

Shape = st.SearchStrategy[bytes]

_NUMBERS = st.sampled_from(
    [0, 1, -1, 3, 60, 1 << 31, 1 << 63, -(1 << 63), 10**30, 0.5, 1e30, float("inf"), float("nan")]
)
_TEXTS = st.one_of(
    st.sampled_from(
        ["", "d-1", "1.2.3", "2.0.0-rc.1+b", "2030-01-01T00:00:00Z", "1969-12-31", "9999-99-99", "celsius", "blink"]
        + ["add", "remove", "reboot", "dump", "a/../b", "x\r\nY: z", "\x1b[2J", "\x9b", "é" * 600, "\ud83d", "😀", "²"]
        + ["http://h", "https://h:0/", "MIIAAA==", "/s.json", "flash", "A" * 5000]
    ),
    st.text(max_size=12),
)
_NAMES = (
    ["success", "config_version", "command", "new_licenses", "info_version", "latest_fw_version", "latest_fw_file_id"]
    + ["space_data_version", "id", "access_key", "hub_url", "version", "config", "name", "parameters", "action", "data"]
    + ["signature", "expires_at", "current_time", "location", "utc_offset", "temperature_units", "details", "error"]
    + ["features", "feature", "device_id", "incident_id", "c-1", "wifi_ssid", "entry_url", "interval", "ca", "outbox"]
    + ["size", "in", "policy", "user", "led", "watchdog", "timeout", "maker_key", "verify", "latest_ver", "curr_ver"]
)
_LEAVES = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5)),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(st.one_of(st.sampled_from(_NAMES), st.text(max_size=3)), _VALUES, max_size=8)


def _text(value: object) -> bytes:
    return json.dumps(value).encode()


@st.composite
def _spoilt(draw: Callable, inner: Shape) -> bytes:
    # Mostly as it is; else something of it is cut off, doubled or replaced.
    data: bytes = draw(inner)
    at = draw(st.integers(0, len(data)))
    how = draw(st.integers(0, 7))
    if how == 0:
        return data[:at]
    if how == 1:
        return data[:at] + draw(st.binary(max_size=6)) + data[at:]
    if how == 2:
        return data[:at] + data[max(0, at - 9) :]
    return data


_ANY = _spoilt(st.one_of(_OBJECTS, _VALUES).map(_text))
_GOOD = st.sampled_from(
    [
        b'{"success":true,"config_version":3,"command":true,"new_licenses":true,"info_version":2,"space_data_version":4}',
        b'{"version":3,"config":{"a":1}}',
        b'{"id":"c-1","name":"blink","parameters":{}}',
        b'{"id":"l","action":"add","data":"x","signature":"AAAA","expires_at":null}',
        b'{"id":"d","access_key":"k","hub_url":"http://h"}',
        b"{}",
        b"",
    ]
)
_KINDS = st.sampled_from(
    [b"200"] * 8 + [b"404", b"422", b"429", b"401", b"500", b"302", b"net", b"mem", b"una", b"big"]
)
_LIES = st.lists(st.tuples(_KINDS, st.one_of(_GOOD, _ANY)), max_size=8)

_LINES = st.sampled_from(
    [
        b"Content-Length: 5",
        b"content-length:0",
        b"Content-Length: 5 5",
        b"Transfer-Encoding: chunked",
        b"Date: Mon",
        b"X",
    ]
    + [
        b"Connection: close",
        b" folded",
        b"Location: /b",
        b"Location: //c",
        b"Retry-After: 9",
        b"X : y",
        b"X: \xff",
        b":",
    ]
)
_STARTS = st.sampled_from(
    [b"HTTP/1.1 200 OK"] * 5 + [b"HTTP/1.0 200", b"HTTP/1.1 100 C", b"HTTP/1.1 404 N", b"HTTP/1.1 302 F", b"HTTP/2 200"]
)
_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\n"])
_BODIES = st.sampled_from(
    [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\nhello\n0\nT: u\n\n", b"fffffffff\r\n", b"\n\r\n"]
)


@st.composite
def _answers(draw: Callable) -> bytes:
    whole = bytes((draw(st.integers(0, 255)), draw(st.integers(0, 255))))
    for _ in range(draw(st.integers(1, 3))):
        end = draw(_ENDS)
        whole += end.join([draw(_STARTS), *draw(st.lists(_LINES, max_size=5))]) + end + end + draw(_BODIES)
    return whole


_PARTS = st.sampled_from(
    [b"http", b"https", b":", b"//", b"/", b"a", b"b.c", b"?", b"#", b"@", b"..", b" ", b"[::1]", b"99999", b"80"]
    + [b"\r\n", b"\xc2\xb2", b"%2f", b"HTTP"]
)
_DIGITS = st.sampled_from([b"0", b"1", b"01", b"10", b"-", b".", b"+", b"a", b"A", b"-a", b"\xc2\xb2", b"9" * 60, b" "])


def _joined(parts: st.SearchStrategy[bytes]) -> Shape:
    return st.lists(parts, max_size=14).map(b"".join)


SHAPES: dict[str, Shape] = {
    "targets.reply": _ANY,
    "targets.canned": st.tuples(st.binary(min_size=1, max_size=1), _ANY).map(b"".join),
    "targets.identities": _ANY,
    "targets.settings_file": _ANY,
    "targets.settings_fields": _spoilt(_OBJECTS.map(_text)),
    "targets.stored": st.tuples(st.binary(min_size=1, max_size=1), _ANY.map(lambda text: text[1:])).map(b"".join),
    "targets.versions": st.tuples(_joined(_DIGITS), _joined(_DIGITS)).map(
        lambda two: b"1.0." + two[0] + b" 1.0." + two[1]
    ),
    "targets.urls": _joined(_PARTS),
    "targets.redirects": _joined(_PARTS),
    "targets.signed": _spoilt(
        st.sampled_from([b"\x01\x26\x30\x82\x01\x22", b"\x00\x04\x30\x82\x00\x00"]).flatmap(
            lambda key: st.binary(max_size=300).map(lambda more: key + more)
        )
    ),
    "targets.texts": st.one_of(_TEXTS.map(lambda text: json.dumps(text)[1:-1].encode()), st.binary(max_size=40)),
    "waiting.spooled": _spoilt(
        st.tuples(
            st.binary(min_size=1, max_size=1),
            _joined(st.sampled_from([b"+", b"{}", b"\n", b"\x1f", b"\x1f+", b"89abcdef ", b" ", b"\xff", b"x" * 300])),
        ).map(b"".join)
    ),
    "wire.answered": _spoilt(_answers()),
    "whole.lived": st.tuples(
        st.binary(min_size=1, max_size=1), _LIES.map(lambda lies: b"\x1f".join(kind + body for kind, body in lies))
    ).map(b"".join),
}
