"""A new firmware: what is taken, how it is got, and what the hub hears of it."""

import os

from queue_hub import PowerCut
from rig import Rig
from support import raises
from telemetry import identity, slots, store, update, verify
from telemetry.errors import NetworkError, UpdateError
from update_hub import URL, UpdateHub, bundle, hexed

HOUR_MS = 3600 * 1000
SUM = "0" * 64


def clean():
    """A flash without what the story before has left."""
    for name in os.listdir("."):
        if name.split(".")[-1] in ("json", "new", "bin"):
            os.remove(name)
    slots.remove("slots")


class Story:
    """A board before one hub, that is started again when it restarts or its power goes."""

    def __init__(self, hub=None, **settings):
        clean()
        self.hub = hub or UpdateHub(bundle())
        self.settings = settings
        self.running = "1.0.0"
        self.lines = []
        self.start(True)

    def start(self, is_first=False):
        self.rig = Rig(requests=self.hub, running=self.running, registered=is_first, **self.settings)
        identity.keep(self.rig.registration)
        self.agent = self.rig.agent
        say = self.agent.say
        self.agent.say = lambda line: (self.lines.append(line), say(line))

    def steps(self, most=60, ms=HOUR_MS):
        """Until it restarts, or nothing is left to do. Whether it restarted."""
        for _ in range(most):
            try:
                self.agent.step()
            except SystemExit:
                return True
            self.rig.ticks.now += ms
            if "update" not in self.agent.due and not self.hub.queue():
                break
        return False

    def restart_into(self, version="1.1.0"):
        """As boot.py does it: the slot's program runs."""
        self.running = version
        real = slots.running
        slots.running = lambda folder="/": "slots/a"
        try:
            self.start()
            self.agent.step()
        finally:
            slots.running = real

    def file(self):
        return store.load("update.json")

    def ended(self, n=0):
        return self.hub.commands[n]["status"], self.hub.history(n)[-1][1]


def refusal(agent, **changes):
    wanted = {"version": "1.1.0", "url": URL, "checksum": SUM}
    wanted.update(changes)
    return str(raises(ValueError, update.order, agent, wanted))


def test_what_cannot_be_taken_is_refused_with_its_reason():
    story = Story(UpdateHub(is_ordered=False))
    agent = story.agent
    for version in (None, "", 5, "1.1", "v1.1.0", "1.1.0.0", "latest", "1.1.0-" + "x" * 250):
        assert refusal(agent, version=version) == "version: expected one as 1.1.0", version
    for version in ("1.0.0", "0.9.9", "1.0.0-rc.1", "1.0.0+build"):
        for downgrade in (None, False, 1, "true"):
            assert refusal(agent, version=version, downgrade=downgrade) == (
                "version: expected higher than 1.0.0, or downgrade: true"
            )
    for url in (None, 5, {}):
        assert refusal(agent, url=url) == "url: expected a text"
    for url in ("", "files/app", "ftp://files/app", "https://", "https://a@b/c", "https://files/a b"):
        assert refusal(agent, url=url).startswith("url: ")
    for checksum in (None, "", SUM[1:], SUM + "0", 5, [SUM]):
        assert refusal(agent, checksum=checksum) == "checksum: expected the file's SHA-256 in hex"
    assert refusal(agent, url="http://files/app") == "no maker_key in settings.json: only over https, with verify"
    agent.settings.verify = False
    assert refusal(agent) == "no maker_key in settings.json: only over https, with verify"
    assert "update.json" not in os.listdir(".") and "update" not in agent.due and not story.lines


def test_without_a_key_it_is_said_loudly_and_with_one_any_server_will_do():
    story = Story(UpdateHub(is_ordered=False))
    update.order(story.agent, {"version": "1.1.0", "url": URL, "checksum": SUM})
    assert "NOT SIGNED" in story.lines[0] and story.lines[1] == "update: from 1.0.0 to 1.1.0"
    story = Story(UpdateHub(is_ordered=False))
    story.agent.maker_key = "MI"
    update.order(story.agent, {"version": "1.1.0", "url": "http://files/app", "checksum": SUM, "signature": "x"})
    assert story.lines == ["update: from 1.0.0 to 1.1.0"]


def test_no_connection_is_open_while_what_was_got_is_looked_at():
    """That of TLS holds more memory than to verify and to unpack."""
    story = Story()
    hub = story.hub
    request = hub.request
    seen = []

    def asked(*arguments, **more):
        hub.is_open = True
        return request(*arguments, **more)

    def close():
        hub.is_open = False

    def looked_at(*arguments):
        seen.append(hub.is_open)
        return check(*arguments)

    hub.request = asked
    hub.close = close
    check = verify.check
    verify.check = looked_at
    try:
        assert story.steps() and seen == [False]
    finally:
        verify.check = check


def test_a_lower_version_is_taken_only_when_it_is_said():
    story = Story(UpdateHub(bundle("0.9.0"), version="0.9.0", downgrade=True))
    assert story.steps() and story.file()["step"] == "switch"
    story.restart_into("0.9.0")
    story.steps(3)
    assert story.ended() == ("done", "runs 0.9.0")
    story = Story(UpdateHub(bundle("0.9.0"), version="0.9.0"))
    assert not story.steps()
    assert story.ended() == ("failed", "UpdateError: version: expected higher than 1.0.0, or downgrade: true")


def test_a_second_one_while_one_is_under_way():
    story = Story(UpdateHub(bundle(), is_ordered=False))
    agent = story.agent
    one = story.hub.parameters()
    update.order(agent, one)
    before = story.file()
    for checksum in (one["checksum"], one["checksum"].upper()):  # the same: nothing is new
        update.order(agent, dict(one, checksum=checksum))
    assert story.file() == before
    for other in ({"checksum": SUM}, {"version": "1.2.0"}):
        assert str(raises(UpdateError, update.order, agent, dict(one, **other))) == "version: 1.1.0 is under way"
    update.order(agent, one, None, "c-9")  # whose end the hub wants to know
    assert story.file() == dict(before, command="c-9")
    for over in ("done", "failed"):
        state = dict(story.file(), step=over, message="")
        store.save("update.json", state)
        update.order(agent, dict(one, version="1.2.0"))
        assert story.file()["version"] == "1.2.0" and story.file()["step"] == "download"


def test_the_whole_life_of_a_command():
    later = {"id": "c-2", "name": "after", "parameters": None}
    story = Story(UpdateHub(bundle(data=b"x" * 3000), later))
    ran = []
    story.agent.command("after")(ran.append)
    assert story.steps()
    assert [len(story.hub.history(n)) for n in range(2)] == [1, 0]  # in_progress; the other one waits
    assert sorted(os.listdir("slots/a")) == ["data.py", "main.py", "manifest.json"]
    assert "update.bin" not in os.listdir(".") and story.lines[-1] == "update: starting 1.1.0"
    assert slots.load("")["trial"] is True
    story.restart_into()
    story.agent.command("after")(ran.append)
    assert "update: 1.1.0 is confirmed" in story.lines and slots.load("") == {"order": ["a"], "trial": False}
    story.agent.step()
    story.agent.step()
    assert story.hub.history(0) == [("in_progress", None), ("done", "runs 1.1.0")]
    assert story.hub.facts == {"firmware_version": "1.1.0"}
    assert [each["status"] for each in story.hub.commands] == ["done", "done"] and len(ran) == 1
    assert story.file()["step"] == "done" and story.lines[-1] == "update: 1.1.0 done: runs 1.1.0"


def cut_when_it_is_kept(story, is_before):
    real = store.save

    def cutting(path, data):
        if path != "update.json" or not is_before:
            real(path, data)
        if path == "update.json":
            raise PowerCut

    store.save = cutting
    try:
        raises(PowerCut, story.steps)
    finally:
        store.save = real


def test_the_power_goes_between_the_journal_and_the_update():
    for is_before in (True, False):
        story = Story()
        cut_when_it_is_kept(story, is_before)
        story.start()
        assert story.steps()
        story.restart_into()
        story.steps()
        assert [status for status, _ in story.hub.history()].count("done") == 1
        assert story.ended() == ("done", "runs 1.1.0")


def accepts(story):
    story.hub.newest = {"latest_fw_version": "1.1.0", "latest_fw_file_id": "f-1"}
    story.agent.step()
    return story.agent.accept_upgrade()


def test_the_users_yes():
    story = Story(UpdateHub(bundle(), is_ordered=False))
    assert accepts(story) and story.file()["file"] == "f-1" and story.file()["command"] is None
    assert story.steps()
    story.restart_into()
    story.steps(3)
    assert story.file()["step"] == "done" and not story.hub.asked[1:]


def test_the_users_yes_in_vain():
    for change, why in (("checksum", "checksum: expected"), ("url", "url: expected a text"), (None, "NotFound")):
        hub = UpdateHub(bundle(), is_ordered=False)
        hub.about = dict(hub.about, **{change: None}) if change else None
        story = Story(hub)
        assert not accepts(story)
        assert any(why in line for line in story.lines), story.lines
        assert "update.json" not in os.listdir(".")


# The download


def test_it_goes_on_where_it_stopped():
    data = bundle(data=b"x" * 6000)
    for etag in ('"e1"', None, 'W/"weak"'):
        hub = UpdateHub(data, etag=etag)
        hub.trouble = ["cut", NetworkError("none"), 503, 429, "cut"]
        story = Story(hub)
        assert story.steps()
        froms = [headers.get("Range") for headers in hub.headers]
        assert froms[0] is None and len(set(froms)) == 3, froms
        assert froms[1:5] == [froms[1]] * 4
        assert hub.got < len(data) + 3 * 1024
        if_range = '"e1"' if etag == '"e1"' else None
        assert all(headers.get("If-Range") == if_range for headers in hub.headers[1:])
        assert slots.manifest("slots/a")["version"] == "1.1.0"


def test_it_goes_on_after_the_power_went():
    data = bundle(data=b"x" * 6000)
    hub = UpdateHub(data)
    story = Story(hub)

    def cut():
        if hub.got > 3000:
            hub.on_piece = lambda: None
            raise PowerCut

    hub.on_piece = cut
    raises(PowerCut, story.steps)
    story.start()
    assert story.steps() and hub.headers[1]["Range"] == "bytes=2048-"


def test_telemetry_goes_on_meanwhile_with_the_percent():
    data = bundle(data=b"x" * 6000)
    hub = UpdateHub(data)
    story = Story(hub, interval=60)

    def slow():
        story.rig.ticks.now += 30000

    hub.on_piece = slow
    assert story.steps(ms=0)
    told = [body["telemetries"].get("update_percent") for body in hub.told]
    assert len(told) > 2 and told[0] is None and told[1:] == sorted(told[1:]), told
    assert all(type(percent) is int and 0 < percent <= 100 for percent in told[1:])
    hub.on_piece = lambda: None


def test_the_percent_is_gone_when_it_failed():
    hub = UpdateHub(bundle(data=b"x" * 3000))
    hub.trouble = ["cut", 404]
    story = Story(hub)
    assert not story.steps()
    told = [body["telemetries"] for body in hub.told]
    assert told[1]["update_percent"] > 0 and story.agent.progress == {}
    story.agent.step()
    assert hub.told[-1]["telemetries"] in ({"update_percent": None}, {}), hub.told
    assert None in [body["telemetries"].get("update_percent", 0) for body in hub.told]


def test_another_file_at_the_address_is_got_from_its_beginning():
    new = bundle(data=b"y" * 6000)
    for change in ("etag", "shorter", "range", "plain 200"):
        hub = UpdateHub(bundle(data=b"x" * 6000), etag='"e1"' if change == "etag" else None)
        hub.commands[0]["parameters"]["checksum"] = hexed(new)
        hub.trouble = ["cut"]
        if change == "shorter":
            hub.trouble += [416]
        elif change == "range":
            hub.trouble += [(206, {"content-range": "bytes 0-99/100", "content-length": "100"})]
        elif change == "plain 200":
            hub.trouble += [(200, {"content-length": str(len(new))})]

        def changes(hub=hub):
            if len(hub.headers) == 2:
                hub.data = new
                hub.etag = hub.etag and '"e2"'

        hub.on_get = changes
        story = Story(hub)
        assert story.steps(), change
        story.restart_into()
        story.steps()
        assert story.ended() == ("done", "runs 1.1.0")
        with open("slots/a/data.py", "rb") as file:
            assert file.read() == b"y" * 6000


def test_addresses_expire():
    for url, about, outcome in (
        ("https://files/new", True, True),
        (URL, True, False),
        (None, True, False),
        ("https://files/new", False, False),
    ):
        hub = UpdateHub(bundle(), is_ordered=False)
        story = Story(hub)
        assert accepts(story)
        hub.url = "https://files/new"
        hub.about = dict(hub.about, url=url) if about else None
        assert story.steps() == outcome, (url, about)
        if not outcome:
            assert story.file()["step"] == "failed" and "404" in story.file()["message"]
    for status in (400, 401, 403, 404, 410, 204, 300):  # of a command nobody knows another address
        hub = UpdateHub(bundle())
        hub.trouble = [status] * 9
        story = Story(hub)
        assert not story.steps() and len(hub.headers) == 1
        assert story.ended()[0] == "failed" and str(status) in story.ended()[1]


def test_what_is_no_firmware_is_not_got():
    size = "content-length: expected how long the file is"
    kind = "file: expected an application bundle (.tar.gz) or an ESP32 image (.bin)"
    for data, trouble, why in (
        (b"", None, size),
        (b"x" * 63, None, size),
        (b"x" * 64, None, kind),
        (b"<html>" * 900, None, kind),
        (bundle(), (200, {}), size),
        (bundle(), (200, {"content-length": "many"}), size),
        (bundle(), (206, {"content-length": "5000", "content-range": "bytes 0-4999/5000"}), "content-range"),
    ):
        hub = UpdateHub(data)
        hub.trouble = [trouble] * 3
        story = Story(hub)
        assert not story.steps()
        assert story.ended()[0] == "failed" and why in story.ended()[1], story.ended()
        assert "update.bin" not in os.listdir(".") and hub.got <= 1024 and slots.load("").get("order", []) == []


def test_a_file_that_is_not_what_it_should_be_is_got_three_times():
    hub = UpdateHub(bundle(), checksum=SUM)
    story = Story(hub)
    assert not story.steps()
    assert story.ended() == ("failed", "checksum: the file is another one, or was changed on its way")
    assert len(hub.headers) == 3 and not any("Range" in headers for headers in hub.headers)
    assert "update.bin" not in os.listdir(".") and "slots" not in os.listdir(".")


def test_a_signature_is_looked_at_before_anything_is_unpacked():
    import rsa_vectors

    for signature in (None, "", rsa_vectors.RSA_2048_E65537[1].strip().replace("\n", "")):
        hub = UpdateHub(bundle(), signature=signature)
        story = Story(hub)
        story.agent.maker_key = "".join(rsa_vectors.RSA_2048_E65537[0].split())
        assert not story.steps()
        assert story.ended()[0] == "failed" and "signature: " in story.ended()[1], story.ended()
        assert "slots" not in os.listdir(".")


def test_it_is_given_up_when_nothing_comes():
    hub = UpdateHub(bundle())
    hub.trouble = [NetworkError("none")] * 99
    story = Story(hub)
    assert not story.steps(99)
    assert story.ended() == ("failed", "NetworkError: none") and 25 < len(hub.headers) < 35
    # The hub may order it again.
    hub.trouble = []
    hub.commands.append(dict(hub.commands[0], id="c-2", status="pending", history=[]))
    assert story.steps()


def test_without_room_nothing_is_downloaded():
    hub = UpdateHub(bundle(room=1 << 50))
    story = Story(hub)
    assert not story.steps()
    status, message = story.ended()
    assert status == "failed" and message.startswith("flash: ") and "nothing was downloaded" in message
    assert str((1 << 50) + len(hub.data)) in message and hub.got <= 1024


def test_one_for_another_chip_fails_and_is_not_announced():
    hub = UpdateHub(bundle(chip="ESP8266"))
    story = Story(hub)
    assert not story.steps()
    assert story.ended()[1].startswith("bundle: chip: made for ESP8266, not ")
    assert [body["issue"] for method, body in hub.notices if method == "POST"] == ["update"]
    hub.newest = {"latest_fw_version": "1.1.0", "latest_fw_file_id": "f-1"}
    story.agent.step()
    assert story.agent.notifier is None
    hub.newest = {"latest_fw_version": "1.1.1", "latest_fw_file_id": "f-1"}
    story.agent.step()
    assert story.agent.notifier


# The trial


def left(why):
    slots.leave("", why)


def test_one_that_was_left_is_told_with_its_reason():
    for why, told in (("Traceback: x", "rolled back: Traceback: x"), ("watchdog", "rolled back: watchdog: command x")):
        story = Story()
        assert story.steps()
        left(why)
        story.start()
        story.rig.board.hung = "command x"
        story.steps()
        assert story.ended() == ("failed", told) and update.refused(story.agent, "1.1.0")
        assert slots.load("")["order"] == [] and story.file()["step"] == "failed"


def test_a_trial_that_starts_again_writes_nothing():
    story = Story()
    assert story.steps()
    request = story.hub.request
    story.hub.request = lambda *arguments, **more: 1 // 0
    story.restart_into()
    save = store.save
    saved = []
    store.save = lambda path, data: saved.append(path) or save(path, data)
    try:
        story.restart_into()
        assert story.agent.trial is not None and "update.json" not in saved, saved
    finally:
        store.save = save
        story.hub.request = request


def test_one_that_says_another_version_goes_back():
    story = Story()
    assert story.steps()
    raises(SystemExit, story.restart_into, "1.0.9")
    assert slots.load("")["order"] == [] and story.rig.board.resets
    story.running = "1.0.0"
    story.start()
    story.steps()
    assert story.ended() == ("failed", "rolled back: it says that it is 1.0.9")


def test_one_that_reaches_no_hub_goes_back_but_not_while_there_is_no_wifi():
    story = Story()
    assert story.steps()
    unreached = story.hub.request
    story.hub.request = lambda *arguments, **named: 1 // 0
    story.restart_into()
    story.rig.board.connected = False
    for _ in range(30):
        story.rig.ticks.now += 60000
        story.agent.wait(0)
    assert story.agent.trial == 0
    story.rig.board.connected = True
    with_wifi = 0
    try:
        while with_wifi < 30:
            with_wifi += 1
            story.rig.ticks.now += 60000
            story.agent.wait(0)
    except SystemExit:
        pass
    assert with_wifi in (10, 11)
    story.hub.request = unreached
    story.running = "1.0.0"
    story.start()
    story.steps()
    assert story.ended() == ("failed", "rolled back: the hub took no telemetry in 10 minutes with Wi-Fi")


def test_safe_mode_decides_nothing_about_a_trial():
    story = Story()
    assert story.steps()
    story.start()  # from no slot, while the slot is on trial
    story.agent.label = "safe mode: "
    assert not story.steps(3)
    assert story.file()["step"] == "switch" and slots.load("")["trial"] and story.ended()[0] == "in_progress"


def test_one_that_boot_py_does_not_start_is_tried_again_and_then_left():
    """As with a boot.py of the user's own."""
    story = Story()
    for _ in range(3):
        assert story.steps() and slots.load("")["order"] == ["a"]
        story.start()  # the program of the cable
    assert not story.steps()
    assert story.ended() == ("failed", "rolled back: /boot.py did not start it")
    assert slots.load("")["order"] == [] and not slots.load("")["trial"]


def test_another_identity_changes_nothing_about_it():
    data = bundle(data=b"x" * 6000)
    hub = UpdateHub(data, is_ordered=False)
    story = Story(hub)
    assert accepts(story)
    hub.trouble = ["cut"]
    story.agent.step()
    assert 0 < hub.got < len(data)
    hub.device = "d-2"  # the hub knows d-1 no more: a new registration
    assert story.steps(), (story.agent.due, story.file())
    assert story.agent.hub.identity["id"] == "d-2"


def test_the_outcome_is_told_after_another_registration():
    story = Story()
    assert story.steps()
    story.hub.device = "d-2"
    story.restart_into()
    assert not story.steps()
    assert story.file()["step"] == "done", story.file()
    story.steps(3)
    assert store.load("commands.json")["due"] is False
