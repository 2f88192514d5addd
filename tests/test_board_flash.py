"""The flash of the virtual board: images, power cuts, FAT."""

import pytest

from tools.board import BoardError, VirtualBoard
from tools.board.flash import IMAGE_BYTES

OLD, NEW = b"old" * 700, b"new" * 900
REPLACE = """
import os
with open('temporary', 'w') as f:
    f.write('new' * 900)
os.rename('temporary', 'kept')
print('replaced')
"""


@pytest.mark.parametrize("torn", [False, True])
def test_a_power_cut_at_every_operation_leaves_the_old_or_the_new(torn):
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        board.run("with open('kept', 'w') as f: f.write('old' * 700)")
        outcomes = set()
        for nth in range(1, 40):
            board.cut_power_at(nth, torn)
            try:
                board.run(REPLACE)
                break
            except BoardError:
                assert not board.powered, board.output[-500:]
            kept = board.read_file("/kept")
            assert kept in (OLD, NEW)
            outcomes.add(kept)
            board.mark()
            board.power_on()
            board.wait_for(">>> ")
            assert "corrupted" not in board.output
            assert board.run("print(len(open('kept').read()))") == f"{len(kept)}\n"
        else:
            pytest.fail("the power never stayed on")
        assert OLD in outcomes and nth > 3
        assert board.read_file("/kept") == NEW


def test_the_cut_may_come_in_the_next_start():
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        board.power_off()
        board.write_file("/main.py", b"open('x', 'w').close()\nprint('written')\n")
        board.cut_power_at(1)
        board.mark()
        board.power_on()
        with pytest.raises(BoardError, match="did not come"):
            board.wait_for("written", timeout=0.7)
        assert not board.powered
        board.power_on()
        board.wait_for("written")


def test_counters():
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        before = board.flash_stats()
        board.run("with open('x', 'wb') as f: f.write(bytes(8192))")
        after = board.flash_stats()
        assert after["writes"] - before["writes"] >= 2
        assert after["erases"] - before["erases"] >= 2
        assert after["reads"] > before["reads"]


def test_a_file_as_long_as_the_flash_has_room():
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        code = "f = open('big', 'wb'); b = bytes(range(256)) * 16\nfor i in range(180): f.write(b)\nf.close()"
        board.run(code)
        assert board.read_file("/big") == bytes(range(256)) * 16 * 180
        with pytest.raises(BoardError, match="28"):
            board.run(code.replace("big", "more").replace("180", "400"))


def test_an_image_keeps_its_files_and_has_one_board_at_a_time(tmp_path):
    image = tmp_path / "flash.img"
    with VirtualBoard(str(image)) as board:
        board.wait_for(">>> ")
        board.run("f = open('kept', 'w'); f.write('here'); f.close()")
        board.run("import esp32; n = esp32.NVS('a'); n.set_i32('i', 3); n.commit()")
        with pytest.raises(BoardError, match="in use by another board"):
            VirtualBoard(str(image))
    assert image.stat().st_size == IMAGE_BYTES
    with VirtualBoard(str(image)) as board:
        board.wait_for(">>> ")
        assert board.run("print(open('kept').read()); import esp32; print(esp32.NVS('a').get_i32('i'))") == "here\n3\n"


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("not a flash")
    with pytest.raises(BoardError, match="not a flash image: 11 bytes"):
        VirtualBoard(str(tmp_path / "notes.txt"))
    with pytest.raises(BoardError, match="cannot open flash image"):
        VirtualBoard(str(tmp_path / "no" / "such" / "folder.img"))
    assert (tmp_path / "notes.txt").read_text() == "not a flash"


def test_fat():
    with VirtualBoard(filesystem="fat") as board:
        board.wait_for(">>> ")
        board.run("f = open('kept', 'w'); f.write('here'); f.close()")
        assert board.run("import os; print(sorted(os.listdir()))") == "['boot.py', 'kept']\n"
        board.cut_power_at(2, torn=True)
        with pytest.raises(BoardError):
            board.run("f = open('other', 'w'); f.write('x' * 9000); f.close()")
        board.power_on()
        board.wait_for(">>> ")
        assert board.read_file("/boot.py")[:1] == b"#"


def test_a_flash_of_noise_is_reported_and_not_overwritten(tmp_path):
    image = tmp_path / "noise.img"
    image.write_bytes(b"\x5a" * IMAGE_BYTES)
    with VirtualBoard(str(image)) as board:
        board.wait_for("The filesystem appears to be corrupted")
    assert image.read_bytes() == b"\x5a" * IMAGE_BYTES


def test_files_from_outside():
    with VirtualBoard() as board:
        board.wait_for(">>> ")
        with pytest.raises(BoardError, match="off"):
            board.write_file("/a", b"")
        with pytest.raises(FileNotFoundError):
            board.read_file("/missing")
        board.power_off()
        board.write_file("/deep/er/a.bin", bytes(range(256)))
        assert board.list_files()["/deep/er/a.bin"] == 256
        assert board.read_file("/deep/er/a.bin") == bytes(range(256))
