"""How the virtual board starts and restarts: boot.py, main.py, resets and their causes, what lives on."""

import os
import re
import signal
import threading

import pytest

from tools.board import BoardError, VirtualBoard

SAY_CAUSE = b"import machine\nprint('cause', machine.reset_cause())\n"


@pytest.fixture
def board():
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        yield board


def start_with(board, **programs):
    """Start with these files, `main="..."` for /main.py; what is not given is removed."""
    board.power_off()
    for name in ("boot", "main"):
        board.write_file(f"/{name}.py", programs.get(name, "").encode())
    board.mark()
    board.power_on()


def said_until_prompt(board):
    return board.wait_for(re.compile(r"(?s)boot:0x13 \(SPI_FAST_FLASH_BOOT\)\r\n(.*?)MicroPython ")).group(1)


def test_a_new_flash_gets_a_file_system_and_boot_py(board):
    assert board.list_files().keys() == {"/boot.py"}
    assert board.read_file("/boot.py").startswith(b"# This file is executed on every boot (including wake-boot from")
    assert "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)" in board.output


def test_boot_then_main_then_the_repl_with_their_names(board):
    start_with(board, boot="print('boot')\na = 1\n", main="print('main', a)\nb = 2\n")
    assert said_until_prompt(board) == "boot\r\nmain 1\r\n"
    assert board.run("print(sorted(it for it in globals() if it[:2] != '__'))") == "['a', 'b']\n"


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("def f():\n    1 / 0\nf()\n", '  File "main.py", line 3, in <module>\r\n  File "main.py", line 2, in f\r\n'),
        ("x = = 1\n", '  File "main.py", line 1\r\nSyntaxError: invalid syntax\r\n'),
        ("import network\nnetwork.WLAN(7)\n", '  File "main.py", line 2, in <module>\r\nValueError: invalid WLAN'),
    ],
)
def test_a_traceback_has_only_the_users_frames(board, program, error):
    start_with(board, main=program)
    assert said_until_prompt(board).startswith("Traceback (most recent call last):\r\n" + error)


def test_after_an_error_in_boot_py_main_does_not_run(board):
    start_with(board, boot="1 / 0\n", main="print('main')\n")
    assert "main\r\n" not in said_until_prompt(board)


def test_ctrl_c_ends_main_and_gives_the_repl_with_its_names(board):
    start_with(board, main="x = 41\nprint('on')\nwhile True: pass\n")
    board.wait_for("on\r\n")
    board.send(b"\x03")
    said = board.wait_for(re.compile(r"(?s)Traceback.*?MicroPython ")).group()
    assert said.count("File") == 1
    assert 'File "main.py", line 3, in <module>\r\nKeyboardInterrupt: \r\n' in said
    assert board.run("print(x + 1)") == "42\n"


@pytest.mark.parametrize("leave", ["raise SystemExit", "import sys; sys.exit()", "machine.soft_reset()"])
def test_leaving_main_is_a_soft_reset(board, leave):
    start_with(board, main=SAY_CAUSE.decode() + f"if machine.reset_cause() != 5:\n    {leave}\n")
    board.wait_for("cause 1\r\nMPY: soft reboot\r\ncause 5\r\n")
    board.wait_for(">>> ")


def test_raw_mode_survives_a_soft_reset(board):
    start_with(board, boot="print('boot')\n", main="print('main')\n")
    board.wait_for(">>> ")
    board.send(b"\x01")
    board.wait_for("raw REPL; CTRL-B to exit\r\n>")
    again = "MPY: soft reboot\r\nboot\r\nraw REPL; CTRL-B to exit\r\n>"
    for order in (b"\x04", b"import machine; machine.soft_reset()\x04", b"raise SystemExit\x04"):
        board.send(order)
        board.wait_for(again)
    board.send(b"\x02")
    board.wait_for(">>> ")


def test_causes(board):
    start_with(board, main=SAY_CAUSE.decode())
    board.wait_for("cause 1\r\n")
    for order, cause in (("reset()", 2), ("WDT(timeout=50)", 3), ("deepsleep(50)", 4), ("soft_reset()", 5)):
        board.wait_for(">>> ")
        board.send(b"machine.%s\r" % order.encode())
        board.wait_for(f"cause {cause}\r\n")
    board.reset()
    board.wait_for("cause 1\r\n")
    names = ["PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET", "PWRON_RESET"]
    assert board.reset_causes[-6:] == names


def test_the_watchdog_bites_who_does_not_feed_it_and_survives_a_soft_reset(board):
    board.run("import machine, time\nw = machine.WDT(timeout=2000)\nfor i in range(25): time.sleep_ms(100); w.feed()")
    assert board.reset_causes[-1] == "PWRON_RESET"
    board.send(b"\x04")
    board.wait_for("Task watchdog got triggered")
    assert board.reset_causes[-2:] == ["SOFT_RESET", "WDT_RESET"]


@pytest.mark.parametrize("timeout", ["0", "-1", "2**40", "'1'", "None"])
def test_a_watchdog_with_a_bad_timeout(board, timeout):
    with pytest.raises(BoardError, match="ValueError|TypeError"):
        board.run(f"import machine; machine.WDT(timeout={timeout})")
    with pytest.raises(BoardError, match="AttributeError"):
        board.run("import machine; machine.WDT(timeout=60000).stop()")


def test_the_rtc_lives_through_resets_and_dies_with_the_power(board):
    year = "import time; print(time.localtime()[0])"
    memory = "import machine; print(machine.RTC().memory())"
    assert board.run(year) == "2000\n"
    board.run("import machine; machine.RTC().datetime((2024, 5, 6, 0, 7, 8, 9, 0)); machine.RTC().memory(b'kept')")
    for restart in (b"\x04", b"import machine; machine.reset()\r"):
        board.mark()
        board.send(restart)
        board.wait_for(">>> ")
        assert board.run(year) == "2024\n"
        assert board.run(memory) == "b'kept'\n"
    board.power_cycle()
    board.wait_for(">>> ")
    assert board.run(year) == "2000\n"
    assert board.run(memory) == "b''\n"


def test_flash_and_committed_nvs_live_through_a_power_cycle(board):
    board.run("f = open('kept', 'w'); f.write('this'); f.close()\nopen('lost', 'w').write('unsynced')")
    board.run("import esp32; n = esp32.NVS('app'); n.set_i32('a', -5); n.set_blob('b', b'\\x00\\xff'); n.commit()")
    board.run("n.set_i32('c', 1)")
    board.power_cycle()
    board.wait_for(">>> ")
    assert board.run("print(open('kept').read())") == "this\n"
    check = "import esp32; n = esp32.NVS('app'); b = bytearray(9); print(n.get_i32('a'), b[:n.get_blob('b', b)])"
    assert board.run(check) == "-5 bytearray(b'\\x00\\xff')\n"
    with pytest.raises(BoardError, match="-4354, 'ESP_ERR_NVS_NOT_FOUND'"):
        board.run("n.get_i32('c')")


def test_an_interpreter_that_crashes_is_started_again(board):
    os.kill(board.pid, signal.SIGSEGV)
    board.wait_for("Guru Meditation Error")
    board.wait_for(">>> ")
    assert board.reset_causes[-1] == "HARD_RESET"


def test_the_hosts_files_are_out_of_reach(board):
    assert board.run("import os; print(os.listdir('/'))") == "['boot.py']\n"
    for path in ("/etc/passwd", "/proc/self/environ", "../etc/passwd"):
        with pytest.raises(BoardError, match="OSError"):
            board.run(f"open({path!r})")
    for missing in ("os.VfsPosix", "os.system", "os.getenv", "vfs.VfsPosix"):
        with pytest.raises(BoardError, match="AttributeError"):
            board.run(f"import os, vfs; {missing}")


def test_it_looks_like_an_esp32(board):
    assert board.run("import sys, os; print(sys.platform, os.uname().sysname, os.uname()[4])") == (
        "esp32 esp32 Generic ESP32 module with ESP32\n"
    )


def test_the_heap_is_as_asked_for():
    for kib in (96, 256):
        with VirtualBoard(heap=f"{kib}K") as board:
            board.wait_for(">>> ")
            free = int(board.run("import gc; gc.collect(); print(gc.mem_free())"))
            assert 0.9 < free / (kib * 1024) < 1.1, free


def test_stop_leaves_nothing_behind():
    before = set(os.listdir("/proc/self/fd"))
    board = VirtualBoard().start()
    board.wait_for(">>> ")
    pid = board.pid
    image = board._flash.path
    board.stop()
    board.stop()
    assert not os.path.exists(f"/proc/{pid}")
    assert not os.path.exists(image)
    assert set(os.listdir("/proc/self/fd")) == before
    assert not [it for it in threading.enumerate() if it.name == "virtual board"]
    with pytest.raises(RuntimeError):
        board.press()


def test_a_bad_micropython_is_one_clear_line(tmp_path):
    with pytest.raises(BoardError, match="cannot run MicroPython at /no/such"):
        VirtualBoard(micropython="/no/such")
    other = tmp_path / "micropython"
    other.write_text("#!/bin/sh\necho 1 19 True True\n")
    other.chmod(0o755)
    with pytest.raises(BoardError, match="is 1.19, 1.27 or later is needed"):
        VirtualBoard(micropython=str(other))
