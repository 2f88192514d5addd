"""The power goes at every single operation of the flash, on the real LittleFS2 and FAT drivers, twice in a row."""

import os

from fakes import Requests
from ram import Ram
from telemetry import errors, identity
from telemetry.clock import Clock
from telemetry.firmware import Firmware
from telemetry.hub import Hub
from telemetry.registration import Registration
from telemetry.store import load, save

INTERPRETERS = ["micropython"]
FILE_SYSTEMS = ("VfsLfs2", "VfsFat")
BLOCKS = 128
SECOND_CUTS = (1, 2, 3, 5, 8, 13, 21)


def driver(name):
    import vfs  # not there under CPython, which only collects this file

    return getattr(vfs, name)


def formatted(kind):
    ram = Ram(BLOCKS)
    kind.mkfs(ram)
    return ram.content


def start(kind, content, life, cut_at=None, torn=False):
    """One start of the board: mounts, lives to the end or the cut. The flash's content then, and whether it was cut."""
    import vfs

    ram = Ram(BLOCKS, bytearray(content), cut_at, torn)
    try:
        vfs.mount(kind(ram), "/cut")
        life()
    except Exception:
        if not ram.dead:  # what the code made of the cut is of no matter: it would not have run on
            raise
    finally:
        try:
            vfs.umount("/cut")
        except OSError:
            pass  # the cut was within mount
        ram.forgotten = True
    return ram.content, ram.dead


def every_cut(kind, content, scenario, second_cuts=SECOND_CUTS):
    """Cuts at operation 1, 2, 3, ... until the start comes through; cuts the next start too; then lets it live.

    `scenario()` gives a new (life, check). How many cuts there were.
    """
    cuts = 0
    for torn in (False, True):
        first = 1
        while True:
            for second in second_cuts:
                life, check = scenario()
                after, cut = start(kind, content, life, first, torn)
                if not cut:
                    break
                after, cut_again = start(kind, after, life, second, torn)
                after, _ = start(kind, after, life)
                start(kind, after, check)
                cuts += 1 + cut_again
            if not cut:
                break
            first += 1
    assert cuts > 100
    print("power cuts:", cuts)


def new_versions():
    """The board is offered 1.1.0 and 1.2.0: each is told, none never, and none again once it was remembered."""
    told = []

    def life():
        firmware = Firmware("/cut/version.json", "1.0.0")
        firmware.keep()
        for version in ("1.1.0", "1.2.0"):
            if firmware.is_news(version):
                told.append(version)
                firmware.announced(version)

    def check():
        assert set(told) == {"1.1.0", "1.2.0"}, told
        assert len(told) <= 4, told  # twice by a cut, but no more often than there were cuts
        before = len(told)
        life()
        assert len(told) == before
        assert load("/cut/version.json") == {"curr_ver": "1.0.0", "latest_ver": "1.2.0"}

    return life, check


OLD_KEY = {"id": "d-1", "access_key": "old", "hub_url": "http://hub"}
NEW_KEY = {"id": "d-2", "access_key": "new", "hub_url": "http://hub"}


def new_key():
    """The board registers again: at every start it has the old key or the new one."""

    def life():
        assert load("/cut/identity.json") in (OLD_KEY, NEW_KEY)
        save("/cut/identity.json", NEW_KEY)

    def check():
        assert load("/cut/identity.json") == NEW_KEY
        assert os.listdir("/cut") == ["identity.json"]

    return life, check


def with_old_key(kind):
    content, _ = start(kind, formatted(kind), lambda: save("/cut/identity.json", OLD_KEY))
    return content


def test_no_version_is_lost():
    for kind in map(driver, FILE_SYSTEMS):
        every_cut(kind, formatted(kind), new_versions)


def test_no_key_is_lost():
    for kind in map(driver, FILE_SYSTEMS):
        every_cut(kind, with_old_key(kind), new_key)


def test_no_key_that_the_hub_gave_is_lost_once_it_was_saved():
    def scenario():
        given = []

        class Granting(Requests):
            """Gives another key for every registration."""

            def request(self, method, url, **options):
                if url.endswith("/v1/devices"):
                    given.append("k%d" % len(given))
                    self.answers = [(200, {"id": "d", "access_key": given[-1], "hub_url": "http://hub"})]
                else:
                    self.answers = [(200, {})]
                return super().request(method, url, **options)

        def life():
            clock = Clock()
            fields = {"firmware_version": "1.0.0", "hardware_key": "hk"}
            registration = Registration(Hub("http://entry", 5, Granting()), "/cut/identity.json", clock, fields)
            try:
                identity.keep(registration)
            except errors.StoreError:
                pass
            if clock.uptime() >= registration.register_at:
                identity.register(registration)
            if not registration.is_kept:
                identity.keep(registration)

        def check():
            assert load("/cut/identity.json")["access_key"] == given[-1]
            assert os.listdir("/cut") == ["identity.json"]
            registered = len(given)
            life()
            assert len(given) == registered

        return life, check

    for kind in map(driver, FILE_SYSTEMS):
        every_cut(kind, formatted(kind), scenario)
