import os

from fakes import Response
from rig import ACCEPTED, IDENTITY, REGISTER, REGISTERED, TELEMETRY, UNREACHABLE, Rig
from support import raises
from telemetry import errors, identity, store
from telemetry.errors import StoreError

KNOWN = (422, {"error": "this device is registered already"})


def offer(version, file_id="f-1"):
    return (200, {"success": True, "latest_fw_version": version, "latest_fw_file_id": file_id})


def test_the_story_from_an_empty_flash():
    rig = Rig(REGISTERED, ACCEPTED, registered=False)

    @rig.agent.telemetry
    def read():
        return {"temperature": 21.5}

    assert 50 < rig.agent.step() <= 60
    assert rig.paths() == [REGISTER, TELEMETRY]
    assert rig.requests.sent[0][3] == {"sn": "1", "firmware_version": "1.0.0"}
    assert rig.requests.sent[1][2]["Authorization"] == "key-1"
    assert rig.last() == {"status": "online", "telemetries": {"temperature": 21.5}, "override": True}
    rig.agent.step()
    assert "override" not in rig.last()  # the first after a start only
    assert rig.paths()[2:] == [TELEMETRY]  # it registers once
    assert store.load("identity.json")["access_key"] == "key-1"
    assert rig.requests.all_closed()


def test_override_goes_on_until_a_message_was_accepted():
    rig = Rig(UNREACHABLE, (500, {}), (400, {"error": "no"}), ACCEPTED)
    rig.steps(4)
    assert [body.get("override") for _, _, _, body in rig.requests.sent] == [True] * 4
    rig.agent.step()
    assert "override" not in rig.last()


class Unprintable(Exception):
    def __str__(self):
        raise ValueError


def unprintable():
    raise Unprintable


def test_one_failing_function_is_told_and_the_rest_is_sent():
    rig = Rig(ACCEPTED)
    agent = rig.agent
    good = {"good": 0}

    @agent.telemetry
    def read():
        good["good"] += 1
        return good

    for bad in (unprintable, lambda: 1 / 0, lambda: {"nested": {"a": 1}}, lambda: None, lambda: {"nan": float("nan")}):
        agent.telemetry(bad)
        agent.step()
        assert rig.told()["telemetries"] == good
        assert rig.told()["status"] == "error" and rig.told()["message"]
        agent._readers.pop()
    agent.step()
    assert rig.told()["status"] == "online" and "message" not in rig.told()


def test_only_what_changed_is_sent():
    rig = Rig(ACCEPTED)
    values = {"temperature": 21.5, "door": False, "mode": "auto"}

    @rig.agent.telemetry(temperature=0.2)
    def read():
        return dict(values)

    sent = []
    for change in ({}, {}, {"door": True}, {"temperature": 21.6}, {"temperature": 21.8}):
        values.update(change)
        rig.agent.step()
        sent.append(rig.last()["telemetries"])
    assert sent[0] == {"temperature": 21.5, "door": False, "mode": "auto"}
    assert sent[1:] == [{}, {"door": True}, {}, {"temperature": 21.8}]  # nothing changed: the hub hears that it lives
    assert [body.get("override") for _, _, _, body in rig.requests.sent] == [True, None, None, None, None]
    del values["mode"]
    rig.steps(2)
    assert [body["telemetries"] for _, _, _, body in rig.requests.sent][-2:] == [{"mode": None}, {}]


def test_after_a_message_of_which_nobody_knows_all_is_sent():
    for answer in (UNREACHABLE, (500, {}), (400, {"error": "no"}), (200, {"success": False}), (200, b"<html>")):
        rig = Rig(ACCEPTED, answer, ACCEPTED)
        rig.agent.telemetry(lambda: {"a": 1, "b": 2})
        rig.steps(3)
        assert rig.last() == {"status": "online", "telemetries": {"a": 1, "b": 2}, "override": True}, answer
        rig.agent.step()
        assert rig.last() == {"status": "online", "telemetries": {}}


def test_what_a_failed_function_gave_before_stays_at_the_hub():
    rig = Rig(ACCEPTED)
    works = [True]

    @rig.agent.telemetry
    def read():
        if not works[0]:
            raise OSError("sensor")
        return {"a": 1}

    rig.agent.step()
    works[0] = False
    rig.agent.step()
    assert rig.told()["telemetries"] == {} and rig.told()["status"] == "error"


def test_more_values_than_a_message_holds_are_told():
    rig = Rig(ACCEPTED)
    rig.agent.telemetry(lambda: {"k%d" % i: "x" * 1000 for i in range(140)})
    assert rig.agent.step() > 50
    assert rig.last()["status"] == "error" and "at most" in rig.last()["message"]
    assert rig.last()["telemetries"] == {} and "override" not in rig.last()


def test_a_rejected_message_is_dropped_and_the_next_sent_in_time():
    for status in (400, 422):
        rig = Rig((status, {"error": "temperature: no"}), ACCEPTED)
        assert rig.agent.step() > 50
        assert rig.agent.step() > 50


def test_waits_grow_while_the_hub_is_away_and_end_when_it_is_back():
    for away in (UNREACHABLE, (500, {}), (403, {}), (404, {}), (302, b"")):
        rig = Rig(away, away, away, away, ACCEPTED)
        waits = rig.steps(4)
        for wait, most in zip(waits, (5, 10, 20, 40)):
            assert most / 2 <= wait <= most
        assert rig.agent.step() > 50
        rig.requests.answers = [away]
        assert rig.agent.step() <= 5  # a first failure again


def test_without_memory_no_step_fails():
    def full(*_, **__):
        raise MemoryError

    make = errors.__getattr__
    for where in ("reader", "hub"):
        rig = Rig(ACCEPTED)
        if where == "reader":
            rig.agent.telemetry(full)
        else:
            rig.agent.hub.send_telemetry = full
        names = ("Rejected", "ReplyError", "Unauthorized", "TooManyRequests", "MessageError")
        kinds = [getattr(errors, name) for name in names]
        for name in names:
            delattr(errors, name)
        errors.__getattr__ = full  # they are made when first named: that takes memory which is not there
        try:
            waits = rig.steps(3)
        finally:
            errors.__getattr__ = make
            for name, kind in zip(names, kinds):
                setattr(errors, name, kind)
        assert all(wait > 0 for wait in waits)
        assert where == "reader" or rig.agent._starved == 3


def test_an_answer_that_is_not_understood_does_not_slow_telemetry():
    for odd in ((200, []), (200, {"command": "yes"}), (200, {"success": False})):
        assert all(wait > 50 for wait in Rig(odd).steps(3))


def test_what_is_none_of_the_hub_is_as_good_as_no_answer():
    rig = Rig((200, b"<html>log in</html>"))
    assert all(wait <= 20 for wait in rig.steps(3)) and rig.agent.failed == {"network": 3}


def test_retry_after_is_heard_by_everything():
    slow = Response(429, {}, {"retry-after": "120"})
    rig = Rig(slow, ACCEPTED)
    assert 120 <= rig.agent.step() <= 132
    rig.board.connected = False
    start = rig.ticks.now
    rig.agent.wait(130)  # a network that comes back does not shorten it
    assert rig.ticks.now - start >= 130000 and len(rig.requests.sent) == 1
    rig = Rig((401, {}), slow, ACCEPTED)
    rig.agent.step()
    assert rig.agent.step() >= 120
    assert rig.paths() == [TELEMETRY, REGISTER]
    assert rig.agent.step() > 100 and len(rig.requests.sent) == 2


def test_the_watchdog_is_fed_before_each_request():
    rig = Rig(REGISTERED, ACCEPTED, registered=False)
    fed = []
    request = rig.requests.request

    def counted(*args, **kwargs):
        fed.append(rig.board.fed)
        return request(*args, **kwargs)

    rig.requests.request = counted
    rig.agent.step()
    assert len(fed) == 2 and 0 < fed[0] < fed[1]


def test_after_the_power_returned_the_first_message_waits_a_little():
    for cause, least in (("power on", 1), ("hard reset", 0), ("watchdog", 0)):
        rig = Rig(ACCEPTED, interval=3600)
        rig.board.cause = cause
        waits = []

        def wait(seconds, waits=waits, rig=rig):
            waits.append(seconds)
            if rig.requests.sent:
                raise KeyboardInterrupt

        rig.agent.wait = wait
        raises(KeyboardInterrupt, rig.agent.run)
        assert len(waits) == least + 1 and (not least or 0 <= waits[0] <= 10), cause


def test_a_program_that_loses_memory_is_started_anew():
    rig = Rig(MemoryError())
    rig.board.cause = "hard reset"
    waits = []
    rig.agent.wait = waits.append
    try:
        rig.agent.run()
    except SystemExit:
        pass
    assert rig.board.resets == 1 and len(waits) == len(rig.requests.sent) == 5


def test_wifi_out_of_reach():
    rig = Rig(ACCEPTED)
    rig.board.in_reach = False
    assert rig.agent.step() <= 5
    assert not rig.requests.sent
    rig.board.in_reach = True
    assert rig.agent.step() > 50
    assert rig.paths() == [TELEMETRY]


def test_a_wait_ends_soon_after_the_network_returned():
    rig = Rig(ACCEPTED)
    rig.board.in_reach = False
    rig.agent.step()
    start = rig.ticks.now
    rig.board.connected = True  # the station came back by itself
    rig.agent.wait(300)
    assert rig.ticks.now - start <= 30100
    start = rig.ticks.now
    rig.agent.wait(300)
    assert rig.ticks.now - start >= 300000
    assert rig.board.fed > 1000


def test_a_refused_registration_waits_10_to_30_minutes():
    rig = Rig((422, {"error": "this device is registered already"}), registered=False)
    waited = 0
    while len(rig.requests.sent) < 2:
        assert rig.agent.step() <= 60
        rig.ticks.now += 10000
        waited += 10
    assert 600 <= waited <= 1810
    assert rig.paths() == [REGISTER, REGISTER]


def test_a_network_that_returns_shortens_the_wait():
    rig = Rig((403, {}), REGISTERED, ACCEPTED, registered=False)
    rig.steps(3)
    assert rig.paths() == [REGISTER]
    rig.board.connected = False
    rig.agent.step()
    assert rig.paths() == [REGISTER, REGISTER, TELEMETRY]


def test_registration_that_reached_nobody_is_tried_again_soon():
    rig = Rig(UNREACHABLE, UNREACHABLE, REGISTERED, ACCEPTED, registered=False)
    waits = rig.steps(3)
    assert waits[0] <= 5 and waits[1] <= 10 and waits[2] > 50
    assert rig.paths() == [REGISTER] * 3 + [TELEMETRY]


def test_401_registers_again_and_the_new_key_is_kept():
    new = dict(IDENTITY, id="d-2", access_key="key-2")
    rig = Rig(ACCEPTED, (401, {}), (200, new), ACCEPTED)
    rig.agent.step()
    assert rig.agent.step() <= 5
    assert store.load("identity.json")["access_key"] == "key-1"  # until a new one is there
    rig.agent.step()
    assert rig.paths() == [TELEMETRY, TELEMETRY, REGISTER, "POST /devices/d-2/telemetry"]
    assert store.load("identity.json")["access_key"] == "key-2"
    assert rig.last()["override"]  # the new device knows nothing yet


def test_401_and_known_tries_the_old_key_and_a_registration_in_turn():
    rig = Rig((401, {}), KNOWN, (401, {}), (401, {}), (401, {}), KNOWN, ACCEPTED)
    rig.steps(4)
    assert rig.paths() == [TELEMETRY, REGISTER, TELEMETRY, TELEMETRY, TELEMETRY]
    rig.ticks.now += 1800 * 1000
    rig.agent.step()
    assert rig.paths()[5:] == [REGISTER, TELEMETRY]
    assert store.load("identity.json")["access_key"] == "key-1"
    rig.ticks.now += 1800 * 1000
    rig.agent.step()  # the old key is good again: nothing to register
    assert rig.paths()[7:] == [TELEMETRY]


def test_401_and_an_entry_server_out_of_reach_still_tries_the_old_key():
    rig = Rig((401, {}), UNREACHABLE, ACCEPTED)
    rig.steps(2)
    assert rig.paths() == [TELEMETRY, REGISTER, TELEMETRY]


def test_a_flash_that_takes_no_identity_gets_none():
    rig = Rig(REGISTERED, ACCEPTED, registered=False)

    def full(path, body):
        raise StoreError("identity.json: cannot be written: [Errno 28] ENOSPC")

    write = store.write
    store.write = full
    rig.steps(3)
    assert not rig.requests.sent  # the hub gives a key only once
    store.write = write
    rig.agent.step()
    assert rig.paths() == [REGISTER, TELEMETRY]


def test_an_identity_that_cannot_be_saved_is_used_and_saved_later():
    rig = Rig(REGISTERED, ACCEPTED, registered=False)
    write = store.write
    writes = []

    def full_at_the_second(path, body):
        writes.append(body)
        if len(writes) == 2:
            raise StoreError("identity.json: cannot be written: [Errno 28] ENOSPC")
        write(path, body)

    store.write = full_at_the_second
    assert rig.agent.step() > 50
    store.write = write
    assert rig.paths() == [REGISTER, TELEMETRY] and "identity.json" not in os.listdir()
    rig.agent.step()
    assert store.load("identity.json")["access_key"] == "key-1"
    assert rig.paths() == [REGISTER, TELEMETRY, TELEMETRY]


def test_an_identity_that_cannot_be_read_is_not_given_up():
    rig = Rig(ACCEPTED)
    rig.agent.hub.identity = {}
    rig.registration.is_kept = False
    load = store.load

    def broken(path):
        raise StoreError("identity.json: cannot be read: [Errno 5] EIO")

    store.load = broken
    try:
        identity.keep(rig.registration)
    except StoreError:
        pass
    rig.steps(2)
    assert not rig.requests.sent
    store.load = load
    rig.agent.step()
    assert rig.paths() == [TELEMETRY]


def test_another_entry_server_is_registered_at():
    store.save("identity.json", dict(IDENTITY, entry_url="http://old", firmware_version="1.0.0"))
    rig = Rig(REGISTERED, ACCEPTED, registered=False)
    rig.agent.step()
    assert rig.paths() == [REGISTER, TELEMETRY]
    assert store.load("identity.json")["entry_url"] == "http://entry"


def test_a_hub_that_takes_none_of_its_own_keys_gets_no_device_at_each_step():
    new = (200, dict(IDENTITY, access_key="key-2"))
    rig = Rig((401, {}), new, (401, {}), (401, {}))
    rig.steps(6)
    assert rig.paths().count(REGISTER) == 1


def test_a_version_is_announced_once_across_restarts():
    shown = []
    for _ in range(3):
        rig = Rig(offer("1.1.0"))
        rig.agent.on_new_firmware(lambda version, file_id: shown.append((version, file_id)))
        rig.steps(2)
    assert shown == [("1.1.0", "f-1")]
    assert store.load("version.json") == {"curr_ver": "1.0.0", "latest_ver": "1.1.0"}
    rig = Rig(offer("1.2.0"))
    rig.agent.on_new_firmware(lambda version, file_id: shown.append((version, file_id)))
    rig.steps(2)
    assert shown[1:] == [("1.2.0", "f-1")]


def test_nothing_is_shown_for_what_is_no_newer_version():
    for version in (
        None,
        "2.0.0-" + "x" * 17000,
        "1.0.0",
        "0.9.9",
        "1.0.0-rc.1",
        "1.0.0+build",
        "v2.0.0",
        "",
        "latest",
    ):
        rig = Rig(offer(version))
        rig.agent.on_new_firmware(lambda version, file_id: 1 / 0)
        assert rig.agent.step() > 50
        assert not rig.board.lit and not rig.agent.accept_upgrade()
    assert "version.json" not in os.listdir()


def test_the_user_is_told_before_it_is_remembered():
    rig = Rig(offer("1.1.0"))
    remembered = []

    @rig.agent.on_new_firmware
    def tell(version, file_id):
        remembered.append("version.json" in os.listdir() and store.load("version.json")["latest_ver"])

    rig.agent.step()
    assert remembered and remembered[0] != "1.1.0"
    assert store.load("version.json")["latest_ver"] == "1.1.0"


def test_an_announcement_that_could_not_be_saved_is_saved_later():
    rig = Rig(offer("1.1.0"))
    write = store.write
    store.write = fails
    rig.agent.step()
    assert "version.json" not in os.listdir()
    store.write = write
    rig.agent.step()
    assert store.load("version.json")["latest_ver"] == "1.1.0"


def fails(path, body):
    raise StoreError("version.json: cannot be written: [Errno 28] ENOSPC")


def test_a_firmware_that_is_withdrawn_is_offered_no_more():
    rig = Rig(offer("1.1.0"), ACCEPTED)
    rig.steps(2)
    rig.agent.wait(1)
    assert not rig.board.lit and not rig.agent.accept_upgrade()


def test_the_button_works_when_there_is_no_time_to_wait():
    rig = Rig(offer("1.1.0"))
    upgraded = []
    rig.agent.on_upgrade(lambda version, file_id: upgraded.append(version))
    rig.agent.step()
    rig.board.pressed = True
    rig.agent.wait(0)
    assert upgraded == ["1.1.0"]


def test_what_is_no_version_is_reported_once():
    lines = []
    errors.print = lambda *args: lines.append(args[0])
    try:
        rig = Rig(offer("latest"))
        rig.steps(3)
        assert [line for line in lines if "'latest'" in line] == lines[-1:]
        rig.requests.answers = [offer("v2")]
        rig.steps(2)
        assert [line for line in lines if "'v2'" in line] == lines[-1:]
    finally:
        del errors.print


def test_an_announcement_that_fails_falls_back_to_the_default_one():
    rig = Rig(offer("1.1.0"))
    rig.agent.on_new_firmware(lambda version, file_id: 1 / 0)
    rig.agent.step()
    rig.agent.wait(1)
    assert store.load("version.json")["latest_ver"] == "1.1.0"
    rig.board.pressed = True
    upgraded = []
    rig.agent.on_upgrade(lambda version, file_id: upgraded.append(version))
    rig.agent.wait(1)
    assert upgraded == ["1.1.0"]


def test_the_button_accepts_while_the_led_blinks():
    rig = Rig(offer("1.1.0", "f-9"))
    upgraded = []
    rig.agent.on_upgrade(lambda version, file_id: upgraded.append((version, file_id)))
    rig.board.pressed = True
    rig.agent.wait(1)
    rig.board.pressed = False
    assert not upgraded
    rig.agent.step()
    rig.agent.wait(1)
    rig.board.pressed = True
    rig.agent.wait(1)
    assert upgraded == [("1.1.0", "f-9")]
    rig.board.pressed = False
    rig.agent.wait(1)
    rig.board.pressed = True
    rig.agent.wait(1)
    assert len(upgraded) == 1 and not rig.board.lit


def test_an_upgrade_that_fails_may_be_accepted_again():
    rig = Rig(offer("1.1.0"))
    tries = []

    @rig.agent.on_upgrade
    def install(version, file_id):
        tries.append(version)
        if len(tries) == 1:
            raise OSError(28)

    rig.agent.step()
    assert not rig.agent.accept_upgrade()
    blinked = []
    rig.board.light = blinked.append
    rig.agent.wait(1)
    assert True in blinked  # it still asks
    assert rig.agent.accept_upgrade()
    assert tries == ["1.1.0"] * 2


def test_the_upgrade_may_be_accepted_from_within_the_announcement():
    rig = Rig(offer("1.1.0"))
    upgraded = []
    rig.agent.on_upgrade(lambda version, file_id: upgraded.append(version))
    rig.agent.on_new_firmware(lambda version, file_id: rig.agent.accept_upgrade())
    rig.steps(2)
    assert upgraded == ["1.1.0"]


def test_an_upgrade_handler_that_accepts_does_not_call_itself():
    rig = Rig((200, {"latest_fw_version": "1.1.0", "latest_fw_file_id": "f"}))
    calls = []

    @rig.agent.on_upgrade
    def install(version, file_id):
        calls.append(rig.agent.accept_upgrade())

    rig.agent.step()
    assert rig.agent.accept_upgrade() and calls == [False]
    assert rig.agent.accept_upgrade() and calls == [False, False]  # it may be accepted again


def test_the_default_upgrade_installs_the_file():
    file = {"id": "f-1", "url": "https://files/app", "checksum": "0" * 64}
    rig = Rig(offer("1.1.0"), (200, file))
    rig.agent.step()
    assert rig.agent.accept_upgrade()
    assert rig.paths()[-1] == "GET /devices/d-1/files/f-1" and rig.agent.due["update"] == 0
    os.remove("update.json")
    rig = Rig(offer("1.2.0", None))
    rig.agent.step()
    assert not rig.agent.accept_upgrade()
    assert rig.paths()[-1] == TELEMETRY and "update" not in rig.agent.due


def test_the_hub_is_told_once_that_another_firmware_runs():
    store.save("identity.json", dict(IDENTITY, firmware_version="1.0.0"))
    rig = Rig(ACCEPTED, running="1.0.0")
    rig.agent.step()
    assert rig.paths() == [TELEMETRY]
    rig = Rig(ACCEPTED, (500, {}), ACCEPTED, running="1.0.0")
    rig.agent.facts["firmware_version"] = "1.1.0"
    rig.steps(3)
    assert rig.paths() == [TELEMETRY, "PUT /devices/d-1", TELEMETRY, TELEMETRY]
    rig.ticks.now += 15 * 1000
    rig.steps(2)
    assert rig.paths()[4:] == [TELEMETRY, "PUT /devices/d-1", TELEMETRY]
    assert rig.requests.sent[5][3] == {"firmware_version": "1.1.0"}
    assert store.load("identity.json")["firmware_version"] == "1.1.0"


def test_no_error_of_the_hub_or_the_network_ends_the_agent():
    for answer in (
        MemoryError(),
        ValueError("x"),
        RuntimeError("Wifi Unknown Error"),
        (200, b""),
        (200, b"\x00\xff"),
        (200, {"latest_fw_version": 5}),
        (200, {"latest_fw_version": "9.9.9", "latest_fw_file_id": []}),
        (100, {}),
        (999, {}),
        (422, b"{"),
    ):
        for registered in (True, False):
            rig = Rig(answer, registered=registered)
            assert all(0 <= wait <= 60 for wait in rig.steps(3))


def test_ctrl_c_reaches_the_repl_and_leaves_the_led_off():
    rig = Rig(offer("1.1.0"))
    passes = []

    @rig.agent.telemetry
    def read():
        passes.append(rig.board.lit)
        if len(passes) > 3 and rig.board.lit:
            raise KeyboardInterrupt
        return {}

    rig.agent.settings.interval = 0.35
    try:
        rig.agent.run()
    except KeyboardInterrupt:
        assert not rig.board.lit
        return
    raise AssertionError("the agent swallowed it")


def test_the_interval_is_from_start_to_start():
    rig = Rig(ACCEPTED)

    @rig.agent.telemetry
    def slow():
        rig.ticks.now += 7000
        return {}

    assert 52 < rig.agent.step() <= 53
    rig.agent.settings.interval = 5
    assert rig.agent.step() == 0
