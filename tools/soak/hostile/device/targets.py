"""What input from outside can reach, each a function of bytes that ends well whatever they are: it raises nothing for
the exceptions that are documented, and anything else, or AssertionError for a promise that was not kept, is a finding.

Runs under CPython (with tests/shim) and MicroPython; files go into the current folder.
"""

import json
import os

from telemetry import errors

_REPLY_MOST = 4096  # what a hub takes of a telemetry's reply
_BODY_MOST = 16 * 1024  # what a session takes of any other
_VERSION_MOST = 600  # two versions; a longer one than 255 is looked at by nobody
_KEY = "key-never-to-be-shown"
_DER = "maker.der"


def text_of(data):
    """The text that a JSON or a header would have made of `data`; None: of such bytes none is made."""
    try:
        return bytes(data).decode()
    except ValueError:
        return None


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def remove(*paths):
    for path in paths:
        try:
            os.remove(path)
        except OSError:
            pass


def reply(data):
    """The parser of a telemetry's reply."""
    from telemetry import rest
    from telemetry.message import Reply

    try:
        made = Reply(rest.parsed(data[:_REPLY_MOST], "POST", "http://hub/telemetry"))
    except (errors.ReplyError, errors.BodyTooLarge):
        return
    for name in ("config_version", "info_version", "space_data_version"):
        assert type(getattr(made, name)) is int
    for name in ("success", "command", "new_licenses"):
        assert type(getattr(made, name)) is bool
    for name in ("latest_fw_version", "latest_fw_file_id"):
        assert getattr(made, name) is None or type(getattr(made, name)) is str


class _Answer:
    def __init__(self, status, content, headers):
        self.status_code = status
        self.content = bytearray(content)
        self.headers = headers

    def close(self):
        pass


class _Canned:
    """urequests' `request`, whose answer is `data`: a letter for the status, a line for Retry-After, the body."""

    def __init__(self, data):
        first, _, body = bytes(data[1:]).partition(b"\n") if data[:1] > b"p" else (b"", b"", bytes(data[1:]))
        status = (200, 200, 204, 201, 301, 304, 400, 401, 403, 404, 422, 429, 500, 503, 599, 418)[data[0] & 15]
        # ASCII: CPython takes more for a digit than MicroPython does.
        self.answer = status, body[:_BODY_MOST], {"Retry-After": bytes(c & 127 for c in first).decode()}

    def request(self, method, url, data=None, headers=None, timeout=None):
        assert headers["Authorization"] == _KEY and "\r" not in url and "\n" not in url and " " not in url
        return _Answer(*self.answer)


def _hub(data):
    from telemetry.hub import Hub

    hub = Hub("http://hub", 10, _Canned(data))
    hub.identity = {"id": "d", "access_key": _KEY, "hub_url": "http://hub"}
    return hub


def canned(data):
    """Hub.send_telemetry and Hub.ask, by what is answered."""
    if not data:
        return
    hub = _hub(data)
    for call in (
        lambda: hub.send_telemetry(b"{}"),
        lambda: hub.send_telemetry(b"{}"),
        lambda: hub.ask("GET /config", dict),
        lambda: hub.ask("GET /files", list),
        lambda: hub.ask("GET /files/%s", object, None, "x"),
        lambda: hub.ask("POST /command", None, {"id": text_of(data[:300])}),
    ):
        try:
            call()
        except errors.HubError as error:
            assert not error.retry_after or 0 <= error.retry_after < 1 << 30
            assert _KEY not in str(error) and "\n" not in str(error)
        except (errors.NetworkError, errors.ReplyError) as error:
            assert _KEY not in str(error)


def identities(data):
    """What a registration's reply may say."""
    from telemetry import head, identity, rest

    try:
        made = rest.parsed(data[:_BODY_MOST], "POST", "http://entry")
        if isinstance(made, dict):
            made = identity.checked(made)
            url = "%s/v1/devices/%s/telemetry" % (made["hub_url"], made["id"])
            lines = head.made("POST", url, {"Authorization": made["access_key"]})[1].split(b"\r\n")
            assert len(lines) == 4 and b"\n" not in b"".join(lines), lines
    except (errors.ReplyError, errors.BodyTooLarge):
        pass


def settings_file(data):
    """settings.json, of any bytes."""
    from telemetry import settings

    put("settings.json", data)
    try:
        settings.load("settings.json")
    except (errors.SettingsError, UnicodeError):  # the latter: CPython has no bytes for half an emoji
        pass


def settings_fields(data):
    """settings.json, most of whose fields are right."""
    from telemetry import head, settings

    fields = {"wifi_ssid": "net", "wifi_password": _KEY, "entry_url": "http://entry", "hardware_key": "hk"}
    try:
        given = json.loads(data)
        fields.update(given)
    except Exception:  # of JSON's parser, which `settings_file` looks at
        return
    try:
        made = settings.checked(fields)
    except errors.SettingsError as error:
        assert "wifi_password" in given or _KEY not in str(error)
        return
    except UnicodeError:
        return
    assert 1 <= made.interval <= 86400 and 1 <= made.timeout <= 60 and made.outbox["size"] >= 0
    head.made("GET", str(made.entry_url).rstrip("/") + "/v1/devices", None)


def stored(data):
    """Any bytes in a state file, in its half-written successor, or in both; torn, foreign, or by our own hand."""
    from telemetry import semver, store
    from telemetry.firmware import Firmware

    flags = data[0] if data else 0
    body = bytes(data[1:])
    if flags & 4:
        body = store._head(body) + body
    if flags & 8:
        body += b" "
    remove("s.json", "s.json.new")
    if flags & 1:
        put("s.json", body)
    if flags & 2:
        put("s.json.new", body[: len(body) * (flags >> 4) // 15])
    try:
        found = store.load("s.json")
        assert isinstance(found, dict)
    except errors.StoreError:
        assert not store.exists("s.json") or flags & 3
    running = "1.0.0"
    firmware = Firmware("s.json", running)
    assert semver.compare(firmware.latest_ver, running) >= 0 and firmware.curr_ver == running
    firmware.keep()
    assert store.load("s.json") == {"curr_ver": running, "latest_ver": firmware.latest_ver}
    assert Firmware("s.json", running).latest_ver == firmware.latest_ver


def versions(data):
    """What calls itself a version."""
    from telemetry import semver
    from telemetry.firmware import Firmware

    a, _, b = (text_of(data[:_VERSION_MOST]) or "").partition(" ")
    is_valid = semver.is_valid(a), semver.is_valid(b)
    try:
        order = semver.compare(a, b)
        assert all(is_valid) and order == -semver.compare(b, a) and order in (-1, 0, 1)
    except ValueError:
        assert not all(is_valid)
    remove("v.json", "v.json.new")
    try:
        firmware = Firmware("v.json", a)
    except errors.SettingsError:
        assert not is_valid[0]
        return
    try:
        if firmware.is_upgrade(b) and firmware.is_news(b):
            firmware.announced(b)
            assert Firmware("v.json", a).latest_ver == b
    except ValueError:
        assert not is_valid[1] or len(b) > 255


def urls(data):
    """A URL and a header's value: no more than what they may be gets into the head of a request."""
    from telemetry import head

    url, _, value = (text_of(data) or "").partition(" ")
    try:
        server, made = head.made("GET", url, {"A": value, "Host": "h"})
    except ValueError:
        return
    lines = made.split(b"\r\n")
    assert len(lines) == 4 and lines[3] == b"" and lines[0].count(b" ") == 2, made
    assert b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines)
    assert server[0] in ("http", "https") and 0 < server[2] < 65536


def redirects(data):
    """Where a redirect leads: never from https to http, and the key to no other server."""
    from telemetry import head, redirect

    base, _, location = (text_of(data) or "").partition(" ")
    for url in ("https://a.example/x/y?z", "http://a.example:81?q", base):
        try:
            to, headers = redirect.follow(url, {"Authorization": _KEY, "A": "b"}, location)
        except (errors.BadAnswer, errors.NetworkError):
            continue
        old, new = head.split(url)[0], head.split(to)[0]
        assert (old[0], new[0]) != ("https", "http")
        assert ("Authorization" in headers) == (old == new) and headers["A"] == "b"
        head.made("GET", to, headers)


def signed(data):
    """A maker's key and a signature that are none, and the file that holds a key."""
    from telemetry import certificates, signature

    size = int.from_bytes(data[:2], "big")
    key, signature_text = bytes(data[2 : 2 + size]), text_of(data[2 + size :])
    put(_DER, key)
    for name in (_DER, "MI" + (signature_text or ""), "/missing"):
        try:
            certificates.der("ca", name, "x509")
        except errors.SettingsError:
            pass
    try:
        # An exponent of thousands of bits is for nobody but the owner of the board to give, and takes its time.
        signature.check(key[:600], b"\x01" * 32, signature_text or "")
        raise AssertionError("signed")
    except (errors.SettingsError, errors.SignatureError):
        pass


def texts(data):
    """What others wrote, for a console and for a request."""
    from telemetry import api

    text = text_of(data)
    for each in (text, _json_text(data)):
        if each is not None:
            line = errors.printable(each)
            assert len(line) <= 500 and not any(c < 32 or c == 127 for c in line.encode()), line
            made = api.paired(_encoded(each))
            assert all(part[0] < 0xA0 for part in made.split(b"\xed")[1:]) and made.decode() is not None
            try:
                quoted = api.quoted((each,))[0].encode()
                assert all(33 <= c < 127 and c not in b"/?#" for c in quoted)
            except errors.ReplyError:
                assert not 0 < len(each) < 256


def _json_text(data):
    # With the escapes that MicroPython takes.
    try:
        text = json.loads(b'"' + bytes(data) + b'"')
        return text if isinstance(text, str) and _encoded(text) is not None else None
    except ValueError:
        return None


def _encoded(text):
    try:
        return text.encode()
    except UnicodeError:  # CPython has no bytes for half an emoji
        return None
