"""The power goes at every single operation of the flash, on the real LittleFS2 and FAT drivers, twice in a row. Of one
file; tools/soak/power.py does so to the whole of what a board keeps."""

from ram import Ram
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


OLD_KEY = {"id": "d-1", "access_key": "old", "hub_url": "http://hub"}
NEW_KEY = {"id": "d-2", "access_key": "new", "hub_url": "http://hub"}


def new_key():
    """The board registers again: at every start it has the old key or the new one."""

    def life():
        assert load("/cut/identity.json") in (OLD_KEY, NEW_KEY)
        save("/cut/identity.json", NEW_KEY)

    def check():
        assert load("/cut/identity.json") == NEW_KEY

    return life, check


def with_old_key(kind, others):
    """Beside so many other files: on FAT what is written in one piece depends on where in a block a name is."""

    def before():
        for n in range(others):
            with open("/cut/other%d" % n, "w") as file:
                file.write("x")
        save("/cut/identity.json", OLD_KEY)

    content, _ = start(kind, formatted(kind), before)
    return content


def test_no_key_is_lost():
    for kind in map(driver, FILE_SYSTEMS):
        for others in range(0, 16, 3):
            every_cut(kind, with_old_key(kind, others), new_key)
