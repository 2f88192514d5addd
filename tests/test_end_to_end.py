"""The whole: our software on the virtual ESP32, before the local hub, over real sockets."""

import base64
import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import HARDWARE_KEY, WIFI_PASSWORD, eventually

MPREMOTE = str(Path(sys.executable).parent / "mpremote")
ANNOUNCEMENT = "New firmware 1.1.0 is available"


def mpremote(board, *arguments):
    done = subprocess.run([MPREMOTE, "connect", board.port, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_board_registers_and_sends_what_it_reads(rig):
    rig.board.set_temperature(37.5)
    rig.board.start()
    first, second = rig.more_telemetry(2)
    rig.board.wait_for("Wi-Fi: connected to virtual")
    rig.board.wait_for("clock: 20")
    rig.board.wait_for(re.compile("registered: device .* at http://"))
    assert rig.count("registered") == 1
    device = rig.device()
    assert device["mac"] == "24:0a:c4:12:34:56" and device["sn"] == "240AC4123456"
    assert device["firmware_version"] == "1.0.0"
    state = device["state"]
    assert state["status"] == "online"
    assert state["chip_temperature"] == 37.5 and state["reset_cause"] == "power on"
    assert -100 < state["wifi_strength"] < 0 and 0 < state["free_heap"] < 300000 and state["uptime"] >= 0
    assert first.detail["override"] and not second.detail["override"]
    assert first.detail["timestamp"] is None  # sent at once: the hub's clock dates it
    assert rig.state("/identity.json")["id"] == device["id"]


def test_a_board_registers_only_once(rig):
    rig.board.start()
    rig.more_telemetry(1)
    for restart in (rig.board.reset, rig.board.power_cycle, lambda: rig.board.send(b"\x03\x04")):
        restart()
        rig.more_telemetry(2)
    assert rig.count("registered") == 1 and not rig.count("refused")
    assert rig.device()["state"]["reset_cause"] == "soft reset"


def test_a_firmware_is_announced_once_across_three_power_cycles(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.hub.publish("1.1.0")
    rig.board.wait_for(ANNOUNCEMENT)
    for _ in range(3):
        rig.more_telemetry(2)
        rig.board.power_cycle()
    rig.more_telemetry(2)
    assert rig.board.output.count("New firmware") == 1
    version = rig.state("/version.json")
    assert version["curr_ver"] == "1.0.0" and version["latest_ver"] == "1.1.0"
    rig.hub.publish("1.2.0-rc.1")
    rig.board.wait_for("New firmware 1.2.0-rc.1 is available")


def test_a_power_cut_while_announcing_never_loses_the_version(rig):
    rig.board.start()
    rig.more_telemetry(1)
    for nth, torn in ((1, False), (1, True), (2, False), (3, True), (4, False), (5, True)):
        version = f"1.{nth}{int(torn)}.0"
        rig.more_telemetry(1)
        rig.board.cut_power_at(nth, torn)
        rig.hub.publish(version)
        eventually(lambda v=version: not rig.board.powered or rig.state("/version.json")["latest_ver"] == v)
        rig.board.cut_power_at(None)
        rig.board.power_on()
        eventually(lambda v=version: rig.state("/version.json")["latest_ver"] == v)
        rig.more_telemetry(1)
        assert 1 <= rig.board.output.count(f"New firmware {version} is") <= 2
    assert rig.count("registered") == 1


def test_the_boot_button_accepts_the_upgrade(rig):
    rig.settings(maker_key=base64.b64encode(rig.hub.license_key).decode())
    rig.board.start()
    rig.more_telemetry(1)
    rig.board.click(0.3)  # nothing blinks: nothing to accept
    data = b"no firmware at all" * 10
    rig.hub.publish("1.1.0", data, "app-1.1.0.bin", signature=rig.hub.sign(data))
    rig.board.wait_for(ANNOUNCEMENT)
    eventually(lambda: rig.board.led_changes.count(True) >= 2)
    assert not rig.count("file")
    rig.board.click(0.3)
    rig.board.wait_for("update: from 1.0.0 to 1.1.0")
    rig.board.wait_for("file: expected an application bundle")
    eventually(lambda: not rig.board.led)
    changes = len(rig.board.led_changes)
    rig.more_telemetry(2)
    assert len(rig.board.led_changes) == changes and rig.count("file") == 1


def test_the_users_functions_stand_in_for_the_default_ones(rig):
    program = b"""
from telemetry import Agent

agent = Agent.from_settings(version="1.0.0")

@agent.telemetry
def broken():
    raise OSError("sensor gone")

@agent.telemetry
def working():
    return {"door": True, "label": "T\xc3\xbcr", "old": None}

@agent.on_new_firmware
def tell(version, file_id):
    print("there is", version)
    agent.accept_upgrade()

@agent.on_upgrade
def install(version, file_id):
    print("installing", version, file_id)

agent.run()
"""
    rig.board.write_file("/main.py", program)
    file = rig.hub.publish("1.1.0")
    rig.board.start()
    rig.board.wait_for("there is 1.1.0")
    rig.board.wait_for("installing 1.1.0 " + file["id"])
    (second,) = rig.more_telemetry(1)
    first = next(event for event in rig.events if event.kind == "telemetry")
    assert first.detail["telemetries"] == {"door": True, "label": "Tür", "old": None}
    assert second.detail["telemetries"] == {}  # nothing changed
    for event in (first, second):
        assert event.detail["status"] == "error" and event.detail["message"] == "broken: OSError: sensor gone"
    assert rig.board.output.count("sensor gone") == 2  # once: the line, and the traceback
    assert "New firmware" not in rig.board.output and not rig.board.led_changes.count(True)


def test_a_deleted_device_registers_again(rig):
    rig.board.start()
    rig.more_telemetry(1)
    old = rig.state("/identity.json")
    rig.hub.delete(old["id"])
    eventually(lambda: rig.count("registered") == 2)
    event = rig.more_telemetry(1)[0]
    new = rig.state("/identity.json")
    assert new["id"] != old["id"] and new["access_key"] != old["access_key"]
    assert rig.device()["id"] == new["id"] == event.device_id
    # The sample that was refused comes first, and then the whole state.
    eventually(lambda: rig.device()["state"].get("reset_cause") == "power on")


@pytest.mark.parametrize("nth", [1, 4, 7])
def test_a_power_cut_while_registering_again_keeps_a_key(rig, nth):
    rig.board.start()
    rig.more_telemetry(1)
    old = rig.state("/identity.json")
    rig.board.cut_power_at(nth, torn=True)
    rig.hub.delete(old["id"])
    eventually(lambda: not rig.board.powered)
    assert rig.state("/identity.json") == old
    for device in rig.hub.devices():  # one whose key was lost on its way to the flash
        rig.hub.delete(device["id"])
    rig.board.power_on()
    eventually(rig.hub.devices)
    rig.more_telemetry(1)
    assert rig.state("/identity.json")["id"] == rig.device()["id"]


def test_the_hub_goes_away_and_comes_back(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.hub.stop()
    rig.board.wait_for("hub: NetworkError")
    rig.hub.start()
    rig.more_telemetry(2)
    assert rig.count("registered") == 1
    assert rig.board.output.count("hub: NetworkError") == 1  # said once, however often it was tried


def test_wifi_goes_away_and_comes_back(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.board.wifi_down()
    rig.board.wait_for("hub: ")
    rig.board.wifi_up()
    rig.board.wait_for("Wi-Fi: connected")
    rig.more_telemetry(2)


def test_a_wrong_wifi_password_is_said_without_it(rig):
    rig.settings(wifi_password="wrong-password")
    rig.board.start()
    rig.board.wait_for("Wi-Fi virtual: wrong password")
    rig.board.set_network("virtual", "wrong-password")
    rig.more_telemetry(1)
    assert "wrong-password" not in rig.board.output


def test_over_http_it_reports_without_ntp_too(rig):
    rig.board.set_ntp_servers(None)
    rig.board.start()
    rig.more_telemetry(2)
    rig.board.wait_for("clock: NetworkError: NTP: pool.ntp.org")


def test_an_upgraded_board_catches_up_and_tells_the_hub(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.hub.publish("1.1.0")
    rig.board.wait_for(ANNOUNCEMENT)
    rig.more_telemetry(1)
    rig.board.power_off()
    program = rig.board.read_file("/main.py").replace(b'version="1.0.0"', b'version="1.2.0"')
    rig.board.write_file("/main.py", program)
    rig.board.power_on()
    eventually(lambda: rig.device()["firmware_version"] == "1.2.0")
    rig.more_telemetry(2)
    version = rig.state("/version.json")
    assert version["curr_ver"] == version["latest_ver"] == "1.2.0"
    assert rig.board.output.count("New firmware") == 1 and rig.count("updated") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff" * 100, b'{"curr_ver": "1.0.0", "latest_ver": "9.0.0"}'])
def test_a_torn_empty_or_foreign_version_file_is_replaced(rig, content):
    rig.board.write_file("/version.json", content)
    rig.hub.publish("1.1.0")
    rig.board.start()
    rig.board.wait_for(ANNOUNCEMENT)
    eventually(lambda: rig.state("/version.json").get("latest_ver") == "1.1.0")


def test_wrong_settings_are_named_and_leave_the_repl(rig):
    rig.settings(interval="often", wifi_pasword="oops-a-secret")
    rig.board.start()
    rig.board.wait_for("interval: expected")
    rig.board.wait_for(">>> ")
    assert "oops-a-secret" not in rig.board.output
    assert mpremote(rig.board, "exec", "print(6*7)").strip() == "42"


def test_a_pin_that_the_chip_does_not_have_is_named(rig):
    rig.settings(led=34)  # an input only
    rig.board.start()
    rig.board.wait_for("SettingsError: led: expected a GPIO")


def test_mpremote_reaches_a_board_that_reports(rig):
    rig.board.start()
    rig.more_telemetry(1)
    assert "settings.json" in mpremote(rig.board, "ls")
    mpremote(rig.board, "reset")
    rig.more_telemetry(1)
    assert rig.device()["state"]["reset_cause"] == "hard reset"


def test_ctrl_c_reaches_the_repl(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.board.send(b"\x03")
    rig.board.wait_for("KeyboardInterrupt")
    rig.board.wait_for(">>> ")
    rig.board.send(b"agent.registration.fields['firmware_version']\r")
    rig.board.wait_for("'1.0.0'")


def test_the_watchdog_resets_a_board_without_progress(rig):
    rig.board.write_file(
        "/main.py",
        b"""
from telemetry.board import Board

board = Board(watchdog=1)
print("start:", board.reset_cause())
if board.reset_cause() == "power on":
    for _ in range(100):
        board.feed()
    print("fed")
    while True:
        pass
""",
    )
    rig.board.start()
    rig.board.wait_for("start: power on")
    rig.board.wait_for("fed")
    rig.board.wait_for("start: watchdog")


def test_the_heap_stays_in_one_piece(rig):
    rig.board.start()
    rig.more_telemetry(3)
    assert "fits" in rig.board.run("import gc\ngc.collect()\nlen(bytearray(128 * 1024))\nprint('fits')")


def test_send_is_one_message_over_the_boards_own_requests(rig):
    rig.board.start()
    rig.more_telemetry(1)
    identity = rig.state("/identity.json")
    program = f"""
from telemetry import send, errors
reply = send({rig.hub.url!r}, {identity["id"]!r}, {identity["access_key"]!r}, {{"temperature": 21.5}})
print("success", reply.success, reply.latest_fw_version)
try:
    send({rig.hub.url!r}, {identity["id"]!r}, "wrong", {{}})
except errors.Unauthorized as error:
    print("refused", error.status)
"""
    said = rig.board.run(program)
    assert "success True None" in said and "refused 401" in said
    assert rig.device()["state"]["temperature"] == 21.5


def test_a_redirect_is_not_followed_and_takes_no_key_elsewhere(rig):
    rig.board.start()
    rig.more_telemetry(1)
    elsewhere = socket.create_server(("127.0.0.1", 0))
    redirecting = socket.create_server(("127.0.0.1", 0))
    elsewhere.settimeout(3)

    def redirect():
        connection, _ = redirecting.accept()
        connection.recv(65536)
        address = "http://127.0.0.1:%d/" % elsewhere.getsockname()[1]
        connection.sendall(f"HTTP/1.1 307 Moved\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while connection.recv(65536):  # closed with data unread, it would be a reset for the board too
                pass
        connection.close()

    thread = threading.Thread(target=redirect)
    thread.start()
    program = f"""
from telemetry import send, errors
try:
    send("http://127.0.0.1:{redirecting.getsockname()[1]}", "d", "the-key", {{}}, timeout=2)
except errors.NetworkError as error:
    print("said", error)
"""
    try:
        assert "redirect" in rig.board.run(program)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    finally:
        thread.join()
        elsewhere.close()
        redirecting.close()


def test_settings_that_were_corrected_work_after_a_soft_reset(rig):
    rig.settings(wifi_password="wrong-password")
    rig.board.start()
    rig.board.wait_for("Wi-Fi virtual: wrong password")
    corrected = json.dumps(json.loads(rig.board.read_file("/settings.json")) | {"wifi_password": WIFI_PASSWORD})
    rig.board.run(f"with open('/settings.json', 'w') as file:\n    file.write({corrected!r})")
    rig.board.send(b"\x04")
    rig.more_telemetry(1)


def test_another_network_is_joined_after_a_soft_reset(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.board.set_network("other", None)
    other = json.loads(rig.board.read_file("/settings.json")) | {"wifi_ssid": "other", "wifi_password": ""}
    rig.board.run(f"with open('/settings.json', 'w') as file:\n    file.write({json.dumps(other)!r})")
    rig.board.send(b"\x04")
    rig.board.wait_for("Wi-Fi: connected to other")
    rig.more_telemetry(1)
    assert rig.board.run("import network\nprint(network.WLAN().config('ssid'))").strip() == "other"


def test_a_radio_that_was_switched_off_is_switched_on_again(rig):
    rig.board.start()
    rig.more_telemetry(1)
    rig.board.run("import network\nnetwork.WLAN().active(False)\nagent.step()")
    rig.board.send(b"agent.run()\r")
    rig.more_telemetry(1)


def test_no_secret_is_ever_on_the_console(rig):
    rig.board.start()
    rig.more_telemetry(1)
    key = rig.state("/identity.json")["access_key"]
    rig.hub.stop()
    rig.board.wait_for("hub: NetworkError")
    rig.hub.start()
    rig.hub.delete(rig.device()["id"])
    eventually(lambda: rig.count("registered") == 2)
    new_key = rig.state("/identity.json")["access_key"]
    for secret in (HARDWARE_KEY, WIFI_PASSWORD, key, new_key):
        assert secret not in rig.board.output
