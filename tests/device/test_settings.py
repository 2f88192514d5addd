import json

from support import raises
from telemetry.errors import SettingsError
from telemetry.settings import checked, load

RIGHT = {
    "wifi_ssid": "net",
    "wifi_password": "hush-hush",
    "entry_url": "https://entry.example.com",
    "hardware_key": "hk-very-secret",
}


def wrong(**changes):
    return str(raises(SettingsError, checked, dict(RIGHT, **changes)))


def test_what_is_not_given_has_a_default():
    settings = checked(RIGHT)
    assert settings.wifi_ssid == "net" and settings.hardware_key == "hk-very-secret"
    assert settings.interval == 60 and settings.timeout == 10 and settings.watchdog == 300
    assert settings.cloud_id is None and settings.led == 2 and settings.button == 0
    assert settings.ca is None and settings.verify is True and len(settings.ntp_servers) == 3
    assert checked(dict(RIGHT, led=None, wifi_password="", user={"mine": 1})).user == {"mine": 1}


def test_the_outbox_is_completed():
    assert checked(RIGHT).outbox == {"size": 4096, "in": "memory", "policy": "history"}
    settings = checked(dict(RIGHT, outbox={"size": 65536, "in": "flash"}))
    assert settings.outbox == {"size": 65536, "in": "flash", "policy": "history"}
    assert checked(dict(RIGHT, outbox={"size": 0})).outbox["size"] == 0


def test_each_wrong_field_of_the_outbox_is_named():
    for field, value in (("size", 511), ("size", True), ("size", "4K"), ("in", "ram"), ("policy", None), ("where", 1)):
        assert "outbox.%s: " % field in wrong(outbox={field: value})
    assert "outbox: expected an object" in wrong(outbox=4096)


def test_every_missing_field_is_named_at_once():
    text = str(raises(SettingsError, checked, {}))
    for name in ("wifi_ssid", "entry_url", "hardware_key"):
        assert name in text
    assert "interval" not in text and "cloud_id" not in text


def test_a_wrong_field_is_named_with_what_is_expected():
    for name, value, expected in (
        ("wifi_ssid", "", "1 to 32"),
        ("wifi_ssid", "x" * 33, "1 to 32"),
        ("wifi_password", "short", "8 to 64"),
        ("wifi_password", 12345678, "8 to 64"),
        ("wifi_password", None, "8 to 64"),
        ("entry_url", "entry.example.com", "https://"),
        ("entry_url", "ftp://x", "https://"),
        ("entry_url", "https://", "https://"),
        ("entry_url", "https://user:pw@host", "https://"),
        ("entry_url", "https://host/path", "https://"),
        ("entry_url", "https://host name", "https://"),
        ("entry_url", "https://host?x", "https://"),
        ("entry_url", "https://host:99999", "https://"),
        ("entry_url", "https://host:abc", "https://"),
        ("entry_url", "https://:80", "https://"),
        ("entry_url", "https://host/#x", "https://"),
        ("entry_url", "https://h\x00st", "https://"),
        ("__class__", 1, "unknown"),
        ("entry_url", "https://host\r\n", "https://"),
        ("entry_url", None, "https://"),
        ("entry_url", ["https://host"], "https://"),
        ("hardware_key", 5, "text"),
        ("interval", 0, "86400"),
        ("interval", "60", "86400"),
        ("interval", 60.5, "86400"),
        ("interval", True, "86400"),
        ("interval", None, "86400"),
        ("interval", 86401, "86400"),
        ("cloud_id", "", "text"),
        ("sn", 5, "text"),
        ("wifi_password", "\u00e9" * 33, "8 to 64"),
        ("timeout", 61, "60"),
        ("ntp_servers", [], "list"),
        ("ntp_servers", [1], "list"),
        ("ntp_servers", ["pool.ntp.org", None], "list"),
        ("ca", {}, "list"),
        ("ca", [], "list"),
        ("ca", ["/ca.der", 1], "list"),
        ("verify", None, "true or false"),
        ("verify", 0, "true or false"),
        ("verify", "no", "true or false"),
        ("maker_key", "", "/maker.der"),
        ("maker_key", "maker.der", "/maker.der"),
        ("maker_key", "-----BEGIN PUBLIC KEY-----", "/maker.der"),
        ("maker_key", 5, "/maker.der"),
        ("maker_key", True, "/maker.der"),
        ("maker_key", ["/maker.der"], "/maker.der"),
        ("maker_key", {}, "/maker.der"),
        ("led", 99, "GPIO"),
        ("button", "0", "GPIO"),
        ("watchdog", 5, "3600"),
        ("watchdog", 29, "3600"),
        ("watchdog", 3601, "3600"),
        ("watchdog", -1, "3600"),
        ("watchdog", None, "3600"),
        ("watchdog", False, "3600"),
        ("details", [], "object"),
        ("user", 5, "object"),
    ):
        text = wrong(**{name: value})
        assert name + ":" in text and expected in text, (name, value, text)


def test_null_is_no_pin():
    settings = checked(dict(RIGHT, led=None, button=None))
    assert settings.led is None and settings.button is None
    assert checked(dict(RIGHT, led=48, button=9)).button == 9


def test_one_text_stands_for_a_list_of_one():
    settings = checked(dict(RIGHT, ca="/ca.der", ntp_servers="ntp.local", verify=False))
    assert settings.ca == ["/ca.der"] and settings.ntp_servers == ["ntp.local"] and settings.verify is False
    assert checked(dict(RIGHT, ca=["/a.der", "MIIB"])).ca == ["/a.der", "MIIB"]


def test_the_makers_key():
    assert checked(RIGHT).maker_key is None and checked(dict(RIGHT, maker_key=None)).maker_key is None
    for text in ("/maker.der", "MIIBIjANBgkqhkiG9w0"):
        assert checked(dict(RIGHT, maker_key=text)).maker_key == text


def test_a_watchdog_gives_a_slow_request_its_time():
    assert "watchdog" in wrong(watchdog=30, timeout=11)
    assert checked(dict(RIGHT, watchdog=30, timeout=10)).watchdog == 30
    assert checked(dict(RIGHT, watchdog=0, timeout=60)).watchdog == 0
    assert checked(dict(RIGHT, timeout=60)).watchdog == 300


def test_an_unknown_field_is_named():
    assert "wifi_pasword" in wrong(wifi_pasword="hush-hush")


def test_no_secret_is_shown():
    text = wrong(
        wifi_password="2short", hardware_key=["hk-very-secret"], entry_url="hush-hush", wifi_pasword="hush-hush"
    )
    for secret in ("2short", "hush", "very-secret"):
        assert secret not in text


def write(text):
    with open("settings.json", "w") as file:
        file.write(text)


def test_the_file():
    write(json.dumps(RIGHT))
    assert load("settings.json").entry_url == RIGHT["entry_url"]
    assert "settings.example.json" in str(raises(SettingsError, load, "nowhere.json"))
    for text in ("", "{", '{"wifi_password": "hush-hush', "hush-hush", "null", "5", '"hush"', '["hush"]'):
        write(text)
        error = str(raises(SettingsError, load, "settings.json"))
        assert "settings.json: " in error and "settings.example.json" in error and "hush" not in error
    write("[]")
    assert "wifi_ssid:" in str(raises(SettingsError, load, "settings.json"))
