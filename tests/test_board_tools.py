"""The tools that a user of a real board has - mpremote, ampy, a terminal - on the virtual one."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from tools.board import VirtualBoard

BIN = Path(sys.executable).parent
EVERY_BYTE = bytes(range(256)) * 48  # 12 KiB


@pytest.fixture(scope="module")
def board():
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        yield board


def run(*command, fails=False):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout


def mpremote(board, *words, fails=False):
    return run(BIN / "mpremote", "connect", board.port, *words, fails=fails)


def ampy(board, *words):
    return run(BIN / "ampy", "-p", board.port, "-d", "0", *words)


def test_mpremote_exec_prints_what_the_program_prints(board):
    assert mpremote(board, "exec", "print(6 * 7)") == "42\n"


def test_mpremote_exec_shows_the_traceback_and_fails(board):
    command = [BIN / "mpremote", "connect", board.port, "exec", "1/0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr + done.stdout


def test_mpremote_copies_a_binary_file_there_and_back(board, tmp_path):
    here, back = tmp_path / "here.bin", tmp_path / "back.bin"
    here.write_bytes(EVERY_BYTE)
    mpremote(board, "cp", str(here), ":there.bin")
    assert board.read_file("/there.bin") == EVERY_BYTE
    mpremote(board, "cp", ":there.bin", str(back))
    assert back.read_bytes() == EVERY_BYTE


def test_mpremote_mkdir_ls_rm(board, tmp_path):
    here = tmp_path / "a.py"
    here.write_text("x = 1\n")
    mpremote(board, "mkdir", ":folder")
    mpremote(board, "cp", str(here), ":folder/")
    assert "6 a.py" in mpremote(board, "ls", ":folder")
    assert "folder/" in mpremote(board, "ls")
    mpremote(board, "rm", ":folder/a.py")
    mpremote(board, "rm", ":missing", fails=True)
    assert "a.py" not in mpremote(board, "ls", ":folder")
    mpremote(board, "rmdir", ":folder")


def test_mpremote_cp_recursive(board, tmp_path):
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    (tmp_path / "lib" / "deep" / "module.py").write_text("NAME = 'found'\n")
    mpremote(board, "cp", "-r", str(tmp_path / "lib"), ":")
    assert mpremote(board, "exec", "from deep import module; print(module.NAME)") == "found\n"


def test_mpremote_run_and_resume(board, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("kept = 'still here'\nprint('ran')\n")
    assert mpremote(board, "run", str(program)) == "ran\n"
    assert mpremote(board, "resume", "exec", "print(kept)") == "still here\n"
    mpremote(board, "exec", "print(kept)", fails=True)


def test_mpremote_soft_reset_runs_boot_and_not_main(board, tmp_path):
    (tmp_path / "boot.py").write_text("print('boot ' + 'ran')\n")
    (tmp_path / "main.py").write_text("print('main ' + 'ran')\n")
    mpremote(board, "cp", str(tmp_path / "boot.py"), str(tmp_path / "main.py"), ":")
    board.mark()
    mpremote(board, "soft-reset")
    said = board.output[-400:]
    assert "MPY: soft reboot\r\nboot ran\r\nraw REPL; CTRL-B to exit\r\n>" in said
    assert "main ran" not in said
    mpremote(board, "rm", ":boot.py", ":main.py")


def test_mpremote_reset_is_a_hard_reset(board):
    board.mark()
    mpremote(board, "reset")
    board.wait_for("rst:0xc (SW_CPU_RESET)")
    assert mpremote(board, "resume", "exec", "import machine; print(machine.reset_cause())") == "2\n"
    assert board.reset_causes[-1] == "HARD_RESET"


def test_mpremote_repl_answers_what_is_typed(board):
    # script(1) would do; here the test itself is the terminal.
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(BIN / "mpremote", ["mpremote", "connect", board.port, "repl"])
    try:
        seen = read_until(terminal, b"Ctrl-]")
        os.write(terminal, b"\r")
        seen = read_until(terminal, b">>> ")
        os.write(terminal, b"'typed ' + str(1234 * 2)\r")
        seen = read_until(terminal, b"'typed 2468'")
        assert b"typed 2468" in seen
        os.write(terminal, b"\x1d")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(terminal)


def read_until(fd, wanted):
    seen = b""
    while wanted not in seen:
        data = os.read(fd, 1000)
        assert data, seen
        seen += data
    return seen


def test_ampy_put_ls_get_run_rm(board, tmp_path):
    here = tmp_path / "there.bin"
    here.write_bytes(EVERY_BYTE)
    ampy(board, "put", str(here), "/ampy.bin")
    assert "/ampy.bin" in ampy(board, "ls")
    back = tmp_path / "back.bin"
    ampy(board, "get", "/ampy.bin", str(back))
    assert back.read_bytes() == EVERY_BYTE
    ampy(board, "rm", "/ampy.bin")
    assert "/ampy.bin" not in ampy(board, "ls")
    program = tmp_path / "program.py"
    program.write_text("print('ampy ' + 'ran')\n")
    assert "ampy ran" in ampy(board, "run", str(program))


@pytest.mark.parametrize("loop", ["time.sleep_ms(5)", "pass", "machine.Pin(0).value()", "open('f', 'w').close()"])
def test_both_tools_get_through_to_a_board_whose_main_loops(loop, tmp_path):
    program = f"import machine, time\nprint('looping')\nwhile True:\n    {loop}\n"
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        board.power_off()
        board.write_file("/main.py", program.encode())
        board.power_on()
        board.wait_for("looping")
        assert mpremote(board, "exec", "print(1)") == "1\n"
        board.reset()
        board.wait_for("looping")
        assert "/main.py" in ampy(board, "ls")


def test_a_second_client_and_reopening(board):
    for _ in range(5):
        with serial.Serial(board.port, 115200, timeout=10) as port:
            port.write(b"\r\x03\x02")
            assert b">>> " in port.read_until(b">>> ")
            port.write(b"print('again' * 2)\r")
            assert b"againagain" in port.read_until(b"againagain")


def test_a_client_that_reads_nothing_does_not_stop_the_board(board):
    with serial.Serial(board.port, 115200, timeout=10):
        board.run("for i in range(20000): print('0123456789' * 5)", timeout=60)
    assert board.run("print('alive')") == "alive\n"


def test_lines_end_as_on_the_chip(board):
    board.run("import sys; sys.stdout.write('one\\ntwo\\r\\nthree')")
    assert "one\r\ntwo\r\nthree" in board.output[-200:]
    assert not re.search(r"(?<!\r)\n", board.output)


def test_ctrl_c_at_the_prompt_and_in_a_program(board):
    board.send(b"\x03")
    board.wait_for(">>> ")
    for program in (b"while True: pass\r\r", b"import time; time.sleep(1000)\r", b"input()\r"):
        board.mark()
        board.send(program)
        time.sleep(0.1)
        board.send(b"\x03")
        board.wait_for("KeyboardInterrupt")
        board.wait_for(">>> ")
    assert board.run("print('here')") == "here\n"


def test_ctrl_d_at_the_prompt_is_a_soft_reset(board):
    board.mark()
    board.send(b"\x02")
    board.wait_for(">>> ")
    board.send(b"\x04")
    board.wait_for("MPY: soft reboot\r\nMicroPython ")
    board.wait_for(">>> ")
    assert board.reset_causes[-1] == "SOFT_RESET"
