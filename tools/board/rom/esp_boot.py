# From the first instruction to the REPL, in the order of the ESP32's main.c: file system, boot.py, main.py.
import gc
import sys

import esp_chip
import vfs

_REPLACED = ("machine", "network", "esp32", "esp", "ntptime", "time", "os", "vfs", "socket", "tls", "sys", "flashbdev")
_BOOT_PY = """\
# This file is executed on every boot (including wake-boot from deepsleep)
#import esp
#esp.osdebug(None)
#import webrepl
#webrepl.start()
"""
_CORRUPTED = """\
The filesystem appears to be corrupted. If you had important data there, you
may want to make a flash snapshot to try to recover it. Otherwise, perform
factory reprogramming of MicroPython firmware (completely erase flash, followed
by firmware programming)."""


def run(execute):
    started = False
    try:
        info = esp_chip.call("power.start")
        esp_chip.machine = info["machine"]
        frozen = info["frozen"] and __import__("esp_frozen").load(info["frozen"])
        replace_modules()
        started = True
        mount(info["filesystem"])
        sys.path[:] = ["", ".frozen", "/lib"]
        if frozen:
            frozen.install()
        sys.argv[:] = []
        gc.collect()
        esp_chip.call("power.booting")
        if run_file(execute, "boot.py", frozen) and not info["raw"]:
            run_file(execute, "main.py", frozen)
    except KeyboardInterrupt:
        pass
    except Exception as error:
        sys.print_exception(error)
        if not started:
            esp_chip.die("power.broken")
    while True:
        try:
            gc.collect()
            sys.stdout.write(info["ready"])
            return
        except KeyboardInterrupt:
            pass


def replace_modules():
    for name in _REPLACED:
        __import__("esp_" + name)
    modules = sys.modules
    for name in _REPLACED:
        modules[name] = modules.pop("esp_" + name)
        modules[name].__name__ = name
    modules["sys"] = modules["sys"].sys
    for name in ("esp_chip", "esp_flash", "esp_boot", "esp_frozen"):
        modules.pop(name, None)
    modules["umachine"] = modules["machine"]
    for name in ("os", "time", "socket"):
        modules["u" + name] = modules[name]


def mount(filesystem):
    from flashbdev import flash

    vfs.umount("/")
    try:
        vfs.mount(flash, "/")
    except OSError:
        erased = bytearray(4096)
        flash.readblocks(0, erased)
        if erased != b"\xff" * 4096:
            corrupted()
        make(vfs.VfsFat if filesystem == "fat" else vfs.VfsLfs2, flash)


def make(kind, flash):
    print("Performing initial setup")
    kind.mkfs(flash)
    vfs.mount(kind(flash), "/")
    with open("boot.py", "w") as file:
        file.write(_BOOT_PY)


def corrupted():
    import time

    while True:
        print(_CORRUPTED)
        time.sleep(3)


def run_file(execute, name, frozen):
    # True when main.py may follow: it ran to its end, or there is none. As pyexec_file_if_exists: a frozen one first.
    import os

    if frozen and name in os._native.listdir(frozen.AT):
        name = frozen.AT + "/" + name

    try:
        if os.stat(name)[0] & 0x4000:
            return True
    except OSError:
        return True
    try:
        execute(name)
        return True
    except SystemExit:
        esp_chip.die("power.soft_reset")
    except BaseException as error:
        sys.modules["sys"].print_exception(error)
    return False
