"""What lies on the virtual board's flash for updates: application images, and the partition table."""

import pytest

from tools.board import BoardError, VirtualBoard
from tools.board.__main__ import _parse
from tools.board.flash import FlashImage
from tools.board.image import CHIPS, ImageError, frozen_files, make_image, read_image, romfs
from tools.board.table import APP, OTA_APP_BYTES, decode, encode, with_ota

APP_BYTES = 64 * 1024
NEW = make_image({"app.py": b"version = 'new'\nprint('new runs')\n"})


@pytest.mark.parametrize("chip", ["ESP32", "ESP32S3", "ESP32C3"])
def test_esptool_reads_the_image(chip, tmp_path):
    from esptool.bin_image import LoadFirmwareImage

    (tmp_path / "app.bin").write_bytes(make_image({"app.py": b"x = 1"}, chip))
    image = LoadFirmwareImage(chip.lower(), str(tmp_path / "app.bin"))
    assert image.checksum == image.calculate_checksum()
    assert image.append_digest and image.stored_digest == image.calc_digest
    assert (image.chip_id, len(image.segments)) == (CHIPS[chip][0], 1)
    assert image.is_flash_addr(image.segments[0].addr)


def test_what_is_frozen_comes_out_again():
    files = {"telemetry/agent.py": b"a", "app.py": b"", "telemetry/deep/er.mpy": bytes(range(256)) * 9}
    image = make_image(files)
    assert image == make_image(dict(reversed(files.items())))
    assert frozen_files(read_image(image + b"\xff" * 100)) == files
    assert frozen_files(read_image(make_image({}))) == {}
    assert romfs({}) == b""


def test_any_changed_byte_is_seen():
    whole = bytearray(NEW)
    for at in range(len(whole)):
        whole[at] ^= 0x10
        with pytest.raises(ImageError):
            read_image(bytes(whole))
        whole[at] ^= 0x10
    for size in (0, 1, 23, 24, 31, 600, len(NEW) - 1):
        with pytest.raises(ImageError):
            read_image(NEW[:size])
        with pytest.raises(ImageError):
            read_image(NEW[:size] + b"\xff" * (len(NEW) - size))


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (0, 0xE8, "magic"),
        (1, 17, "segment count 17 exceeds"),
        (1, 16, "segment"),
        (12, 9, "chip ID, expected 0, found 9"),
        (16, 5, "revision"),
        (24, 0x24, "does not fit to where"),
        (28, 0x01, "invalid segment length"),
        (30, 0x10, "outside of the partition"),
        (40, 0xAA, "checksum failed"),
        (4, 0x55, None),  # the entry: only the hash would have shown it
    ],
)
def test_what_is_checked_where_no_hash_is_appended(at, value, why):
    image = bytearray(NEW[:-32])
    image[23] = 0
    image[at] = value
    if why is None:
        assert read_image(bytes(image))
    else:
        with pytest.raises(ImageError, match=why):
            read_image(bytes(image))


@pytest.mark.parametrize("name", ["", "/app.py", "../app.py", "a//b.py", "a/", "roots/ca.der"])
def test_names_that_cannot_be_frozen(name):
    with pytest.raises(ValueError, match="relative path"):
        make_image({name: b""})


def test_unknown_chips():
    with pytest.raises(ValueError, match="one of ESP32, ESP32S2"):
        make_image({}, "ESP8266")
    with pytest.raises(ValueError, match="must end in one of"):
        VirtualBoard(machine="Generic ESP32 module")


def test_the_table():
    table = with_ota()
    assert decode(encode(table) + b"\xff" * 64) == table
    assert [it.info for it in table.find(APP)] == [
        [0, 16, 0x10000, OTA_APP_BYTES, "ota_0", False],
        [0, 17, 0x190000, OTA_APP_BYTES, "ota_1", False],
    ]
    assert table.named("vfs").address + table.named("vfs").size == table.file_bytes
    for size in (0, 4095, 6000, OTA_APP_BYTES + 4096):
        with pytest.raises(ValueError, match="app_bytes"):
            with_ota(size)
    torn = bytearray(encode(table))
    torn[5] ^= 1
    for data in (bytes(torn), b"\xff" * 3072, b""):
        with pytest.raises(BoardError, match="no partition table"):
            decode(data)


def test_an_image_file_says_which_table_it_has(tmp_path):
    with_them, without = str(tmp_path / "ota.img"), str(tmp_path / "plain.img")
    FlashImage(with_them, with_ota(APP_BYTES)).close()
    FlashImage(without).close()
    again = FlashImage(with_them)
    assert again.table == with_ota(APP_BYTES)
    again.close()
    with pytest.raises(BoardError, match="without OTA partitions"):
        VirtualBoard(without, ota=True)
    (tmp_path / "ota.img").write_bytes(b"\x5a" * 4 * 1024 * 1024)
    with pytest.raises(BoardError, match="ota.img is not a flash image: no partition table"):
        VirtualBoard(with_them)
    assert _parse(["--ota"]).ota and not _parse([]).ota
