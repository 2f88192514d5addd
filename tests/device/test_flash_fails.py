"""A flash that is full, fails or is read-only: telemetry goes on, it is reported once, and what could not be kept is as
soon as it works again."""

import os

import config_hub
from ram import Ram
from rig import IDENTITY, Rig
from telemetry import spool, store
from test_backlog import Case

# errno: full, broken, read-only
FAILURES = (28, 5, 30)
FILES = ("identity", "version", "config", "commands", "space", "incidents", "crash", "starts", "licenses")


class Hub(config_hub.Hub):
    """It asks for everything."""

    def __init__(self):
        super().__init__()
        self.telemetries = 0
        self.commands = [{"id": "c-1", "name": "work", "parameters": {}, "status": "pending"}]
        self.history = []
        self.set_config(interval=5)
        self.claim(name="Hall")
        self.info_version = 2

    def reply(self):
        self.telemetries += 1
        more = {"command": bool(self.commands), "latest_fw_version": "2.0.0", "new_licenses": True}
        return dict(super().reply(), **more)

    def act(self, name, body):
        if name == "GET /command":
            return 200, self.commands[0] if self.commands else {}
        if name == "POST /command":
            self.history.append((body["status"], body.get("message")))
            if body["status"] != "in_progress":
                self.commands.pop(0)
            return 200, {}
        if name == "GET /license":
            return 200, {}
        if name == "POST register":
            return 200, dict(IDENTITY)
        return super().act(name, body)

    def flash(self):
        """How many incidents of the flash there were, and how many of them are open."""
        found = [each for each in self.incidents if each["issue"] == "flash"]
        return len(found), len([each for each in found if each["id"]])


class Broken:
    """As if the drivers failed: in place of `open` and `os` of the store."""

    def __init__(self, errno):
        self.errno = errno

    def fail(self, *arguments):
        raise OSError(self.errno)

    def open(self, path, mode="r"):
        return open(path, mode) if mode in ("r", "rb") else self.fail()

    def __getattr__(self, name):
        return self.fail if name in ("rename", "remove") else getattr(os, name)

    def __enter__(self):
        store.open, store.os = self.open, self

    def __exit__(self, *error):
        del store.open
        store.os = os


class Flash(Ram):
    """A block device of which every write fails."""

    errno = 0

    def writeblocks(self, number, buffer, offset=0):
        return -self.errno if self.errno else super().writeblocks(number, buffer, offset)


class Failing:
    """As the drivers fail, in the folder /failing, where we are meanwhile."""

    def __init__(self, name, errno):
        self.name = name
        self.errno = errno

    def mount(self):
        import vfs

        self.kind = getattr(vfs, self.name)
        self.flash = Flash(128)
        self.kind.mkfs(self.flash)
        vfs.mount(self.kind(self.flash), "/failing")
        os.chdir("/failing")

    def __enter__(self):
        if self.errno == 28:
            self.fill()
        else:
            self.flash.errno = self.errno

    def fill(self):
        for size in (512, 16, 1):
            try:
                with open("full", "ab") as file:
                    while True:
                        file.write(b"x" * size)
                        file.flush()
            except OSError:
                pass

    def __exit__(self, *error):
        import vfs

        self.flash.errno = 0
        if "full" in os.listdir("."):
            os.remove("full")
        # FatFs takes a flash for full that failed while it was asked how much is free, until it is mounted anew.
        vfs.umount("/failing")
        vfs.mount(self.kind(self.flash), "/failing")
        os.chdir("/failing")

    def umount(self):
        import vfs

        os.chdir("/flash")
        vfs.umount("/failing")


def clean():
    for name in os.listdir("."):
        os.remove(name)


def at_work(hub, registered):
    rig = Rig(requests=hub, registered=registered)
    rig.ran = []
    rig.config = []
    rig.agent.on_config(rig.config.append)
    rig.agent.telemetry(lambda: {"n": hub.telemetries})
    rig.agent.command("work")(lambda parameters: rig.ran.append(1))
    return rig


def steps(rig, count):
    for _ in range(count):
        rig.agent.step()
        rig.ticks.now += 400 * 1000


def goes_on(failing):
    """A board that is registered, whose flash fails from its start on, and is well later."""
    hub = Hub()
    rig = at_work(hub, True)
    with failing:
        steps(rig, 10)
        assert hub.telemetries == 10
        assert hub.flash() == (1, 1), hub.incidents
        (incident,) = [each for each in hub.incidents if each["issue"] == "flash"]
        assert incident["title"] == "Flash" and incident["priority"] == 3
        assert "key-1" not in incident["description"] and "version.json" in incident["description"]
        # A command that could not be remembered is not run.
        assert not rig.ran and hub.history[-1][0] == "failed" and "not run: " in hub.history[-1][1], hub.history
    hub.commands.append({"id": "c-2", "name": "work", "parameters": {}, "status": "pending"})
    steps(rig, 20)
    assert hub.flash()[1] == 0, hub.incidents
    assert rig.ran == [1] and rig.config[-1] == {"interval": 5}
    assert store.load("config.json")["version"] == 1 and store.load("space.json")["space"] == {"name": "Hall"}
    assert hub.told["config_version"] == 1
    assert not [name for name in os.listdir(".") if name.endswith(".new")]


def registers_late(failing):
    """A board that has no identity asks for none before it can be kept."""
    hub = Hub()
    rig = at_work(hub, False)
    with failing:
        steps(rig, 5)
        assert hub.telemetries == 0 and "POST register" not in hub.asked()
    steps(rig, 10)
    assert hub.telemetries > 5 and store.load("identity.json")["access_key"] == "key-1"
    assert hub.flash()[1] == 0


def lives(scenario):
    for errno in FAILURES:
        clean()
        scenario(Broken(errno))
    try:
        import vfs  # noqa: F401
    except ImportError:
        return
    for name in ("VfsLfs2", "VfsFat"):
        for errno in FAILURES:
            failing = Failing(name, errno)
            failing.mount()
            try:
                scenario(failing)
            finally:
                failing.umount()


def test_telemetry_goes_on():
    lives(goes_on)


def test_a_key_that_could_not_be_kept_is_not_asked_for():
    lives(registers_late)


def test_it_is_said_once_on_the_console():
    from telemetry import errors

    clean()
    hub = Hub()
    rig = at_work(hub, True)
    before = len(errors.log)
    said = []
    rig.agent.say = said.append
    with Broken(28):
        steps(rig, 10)
    lines = [line for line in said if "ENOSPC" in line or "28" in line]
    assert len(lines) == len(set(lines)) and before <= len(errors.log)


def test_a_crash_that_cannot_be_kept_is_reported_and_the_board_starts_anew():
    clean()
    hub = Hub()
    rig = at_work(hub, True)

    def wait(seconds):
        raise RuntimeError("boom")

    rig.agent.wait = wait
    with Broken(28):
        try:
            rig.agent.run()
        except SystemExit:
            pass
    assert rig.board.resets == 1 and "crash.json" not in os.listdir(".")


def test_what_should_wait_on_flash_waits_in_memory():
    clean()
    case = Case(outbox={"in": "flash", "size": 16384})
    case.live(120)
    spool.open = Broken(28).open
    try:
        with Broken(28):
            case.hub.is_away = True
            case.live(3600)
            case.hub.is_away = False
            case.live(1200)
    finally:
        del spool.open
    incident = case.agent.faults["flash"]
    taken = len(case.taken)
    assert taken > 60 and not incident.is_closed and case.agent.dropped == 0
    case.hub.is_away = True
    case.live(3600)
    case.hub.is_away = False
    case.live(1200)
    assert incident.is_closed and "flash" not in case.agent.faults
    assert len(case.taken) > taken + 60 and case.agent.dropped == 0
