"""The local hub as others run it: LocalHub in a program."""

import socket
import sqlite3
import ssl
import threading
import time

import httpx
import pytest

from tools.hub import LocalHub
from tools.hub.testing import IDENTITY, TestDevice, call, register


def test_start_and_stop():
    hub = LocalHub()
    assert hub.start() is hub
    assert hub.url == f"http://127.0.0.1:{hub.port}" and hub.port != 0
    with pytest.raises(RuntimeError):
        hub.start()
    hub.stop()
    hub.stop()
    with pytest.raises(httpx.ConnectError):
        register(hub.url)
    with pytest.raises(RuntimeError):
        hub.devices()


def test_state_ends_with_the_hub_that_has_no_database():
    hub = LocalHub()
    with hub:
        port = hub.port
        register(hub.url)
    with hub:
        assert (hub.port, hub.devices()) == (port, [])


def test_hub_away_and_back_on_the_same_port(tmp_path):
    database = tmp_path / "hub.db"
    with LocalHub(database) as hub:
        device = TestDevice(hub.url)  # its connection stays open
        device.send({"a": 1, "b": 2})
        published = hub.publish("1.1.0", b"bytes")
        for _ in range(10):
            device.request("PUT", json={"name": "Pump"})
    with pytest.raises(httpx.TransportError):
        device.send()
    for n in range(3):
        with LocalHub(database, port=hub.port) as again:
            assert again.url == hub.url
            reply = device.send({"b": n}).json()
            assert (reply["latest_fw_version"], reply["latest_fw_file_id"]) == ("1.1.0", published["id"])
            assert again.device(device.id)["state"] == {"a": 1, "b": n, "status": "online"}
            assert len(again.telemetries(device.id)) == n + 2
            assert register(again.url).status_code == 422
            assert device.request("PUT", json={"name": "Fan"}).status_code == 429
            url = device.request("GET", f"/files/{published['id']}").json()["url"]
            assert call("GET", url).content == b"bytes"
    device.close()


def test_stop_does_not_wait_for_its_clients(tmp_path):
    """Idle, in the middle of a request, and not reading its answer: each is let go, and the port is free."""
    hub = LocalHub(tmp_path / "hub.db").start()
    device = TestDevice(hub.url)
    hub.publish("1.0.0", b"x" * 8_000_000)
    path = device.request("GET", "/files").json()[0]["url"].removeprefix(hub.url)
    head = f"POST /v1/devices/{device.id}/telemetry HTTP/1.1\r\nHost: hub\r\nAuthorization: {device.key}\r\n"
    starts = ("", head, head + "Content-Length: 9\r\n\r\n{", f"GET {path} HTTP/1.1\r\nHost: hub\r\n\r\n")
    clients = [socket.create_connection(("127.0.0.1", hub.port), timeout=60) for _ in starts]
    for client, start in zip(clients, starts, strict=True):
        client.sendall(start.encode())
    assert clients[-1].recv(1)  # the answer is on its way
    stopper = threading.Thread(target=hub.stop)
    stopper.start()
    stopper.join(60)
    assert not stopper.is_alive()
    with LocalHub(tmp_path / "hub.db", port=hub.port):
        assert device.send().status_code == 200
    for client in clients:
        client.close()
    device.close()


@pytest.mark.parametrize("host, name", [("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")])
def test_other_hosts(host, name):
    with LocalHub(host=host) as hub:
        assert hub.url == f"http://{name}:{hub.port}"
        reply = register(hub.url)
        # What a device is told is an address that leads back here, not the wildcard.
        assert TestDevice(reply.json()["hub_url"], sn="SN-2").send().status_code == 200
        assert "0.0.0.0" not in reply.text


def certificate(hub, name):
    """What the hub shows a client that trusts its CA and wants `name`."""
    context = ssl.create_default_context(cadata=hub.ca)
    plain = socket.create_connection(("127.0.0.1", hub.port), timeout=60)
    with context.wrap_socket(plain, server_hostname=name) as client:  # closes `plain` too
        return client.getpeercert()


def test_https_with_a_ca_of_its_own():
    with LocalHub() as hub:
        assert hub.ca is None
    with LocalHub(tls=True) as hub, LocalHub(tls=True) as other:
        assert hub.url == f"https://127.0.0.1:{hub.port}" and hub.ca != other.ca
        device = TestDevice(hub.url, hub.ca)
        assert device.registration["hub_url"] == hub.url
        for n in range(3):  # on one kept connection
            assert device.send({"n": n}).status_code == 200
        file = hub.publish("1.1.0", b"bytes")
        url = device.request("GET", f"/files/{file['id']}").json()["url"]
        assert url.startswith(hub.url) and call("GET", url, hub.ca).content == b"bytes"
        device.close()
        for wrong in (None, other.ca):
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                register(hub.url, wrong)
        with pytest.raises(httpx.RemoteProtocolError):
            register(hub.url.replace("https", "http"))


def test_the_certificate_covers_how_the_hub_is_reached():
    # It is none for a clock that was never set, and one for the years to come.
    with LocalHub(tls=True, host="0.0.0.0") as hub:
        for name in ("127.0.0.1", "localhost", socket.gethostname()):
            found = certificate(hub, name)
        start, end = (ssl.cert_time_to_seconds(found[field]) for field in ("notBefore", "notAfter"))
        assert time.time() - 2 * 86400 < start < time.time() < time.time() + 500 * 86400 < end
        addresses = {value for kind, value in found["subjectAltName"] if kind == "IP Address"}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it asks for the address that others see
            assert probe.getsockname()[0] in addresses
        with pytest.raises(ssl.SSLCertVerificationError, match="(?i)hostname"):
            certificate(hub, "elsewhere.example")


def test_a_kept_ca_issues_again(tmp_path):
    database = tmp_path / "hub.db"
    with LocalHub(database, tls=True) as hub:
        device = TestDevice(hub.url, hub.ca)
    with LocalHub(database, tls=True, port=hub.port) as again:
        assert again.ca == hub.ca and device.send().status_code == 200
    device.close()
    assert b"PRIVATE KEY" in (tmp_path / "hub.db.ca.pem").read_bytes()


def test_a_port_that_is_taken():
    with LocalHub() as hub:
        other = LocalHub(port=hub.port)
        with pytest.raises(OSError):
            other.start()
        other.stop()
        assert register(hub.url).status_code == 200


def test_databases_that_are_none(tmp_path):
    older, other = tmp_path / "older.db", tmp_path / "other.db"
    for path, statement in ((older, "PRAGMA user_version = 99"), (other, "CREATE TABLE songs (title)")):
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.close()
    text = tmp_path / "text.db"
    text.write_text("not a database, but a long enough text to be looked at\n" * 100)
    for path in (older, other, text, tmp_path / "no folder" / "hub.db"):
        before = path.read_bytes() if path.exists() else None
        with pytest.raises(Exception, match="hub|database"):
            LocalHub(path).start()
        assert (path.read_bytes() if path.exists() else None) == before


def test_many_devices_at_once():
    with LocalHub() as hub:
        answers = []

        def report(number):
            device = TestDevice(hub.url, sn=f"SN-{number}")
            answers.extend(device.send({"n": n}).status_code for n in range(10))
            device.close()

        threads = [threading.Thread(target=report, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [200] * 120
        assert [device["state"]["n"] for device in hub.devices()] == [9] * 12


def test_one_of_many_registers():
    """The same device, registered by many at the same moment, is registered once."""
    with LocalHub() as hub:
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(register(hub.url).status_code)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] + [422] * 9


def test_keys_cannot_be_guessed():
    keys = set()
    with LocalHub() as hub, LocalHub() as other:
        assert hub.cloud_key != other.cloud_key and len(hub.cloud_key) >= 32
        for n in range(5):
            keys.add(register(hub.url, sn=str(n)).json()["access_key"])
    assert len(keys) == 5 and all(len(key) >= 22 for key in keys)  # 128 bits
    assert IDENTITY["hardware_key"] not in keys


def test_clock_of_the_hub():
    with LocalHub(clock=lambda: 1628063144.1229) as hub:
        device = TestDevice(hub.url)
        device.send()
        assert hub.telemetries(device.id)[0]["timestamp"] == "2021-08-04T07:45:44.122Z"
        device.close()
