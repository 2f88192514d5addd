from support import raises
from telemetry.errors import SettingsError, StoreError
from telemetry.firmware import Firmware
from telemetry.store import load, save


def start(running):
    """What a restart of the board does."""
    firmware = Firmware("version.json", running)
    firmware.keep()
    return firmware


def on_flash():
    return load("version.json")


def test_the_first_start_has_announced_what_it_runs():
    firmware = start("1.0.0")
    assert on_flash() == {"curr_ver": "1.0.0", "latest_ver": "1.0.0"}
    assert firmware.is_news("1.0.1") and not firmware.is_news("1.0.0") and not firmware.is_news("1.0.0-rc.1")


def test_a_version_is_news_once_across_restarts():
    start("1.0.0").announced("1.1.0")
    for _ in range(3):
        firmware = start("1.0.0")
        assert not firmware.is_news("1.1.0")
        assert not firmware.is_news("1.0.9")
        assert firmware.is_news("1.1.1")
        assert firmware.is_upgrade("1.1.0")
    assert on_flash() == {"curr_ver": "1.0.0", "latest_ver": "1.1.0"}


def test_a_cut_between_telling_and_remembering_tells_again():
    start("1.0.0")  # told the user of 1.1.0, and then the power went
    assert start("1.0.0").is_news("1.1.0")


def test_an_upgraded_board_catches_up():
    start("1.0.0").announced("1.1.0")
    firmware = start("1.2.0")
    assert on_flash() == {"curr_ver": "1.2.0", "latest_ver": "1.2.0"}
    assert not firmware.is_news("1.1.0") and not firmware.is_news("1.2.0") and firmware.is_news("1.2.1")


def test_a_downgraded_board_is_not_told_again():
    start("1.1.0")
    firmware = start("1.0.0")
    assert on_flash() == {"curr_ver": "1.0.0", "latest_ver": "1.1.0"}
    assert not firmware.is_news("1.1.0") and firmware.is_upgrade("1.1.0")


def test_a_torn_empty_or_foreign_file_is_the_same_as_none():
    for content in (
        b"",
        b"{",
        b'{"crc32": "',
        b"1.0.0",
        b"[]",
        b"\xff\xfe\xfd",
        b'{"curr_ver": "1", "latest_ver": "9"}',
    ):
        with open("version.json", "wb") as file:
            file.write(content)
        assert start("1.0.0").is_news("1.0.1")
        assert on_flash() == {"curr_ver": "1.0.0", "latest_ver": "1.0.0"}


def test_wrong_values_in_a_whole_file_are_replaced():
    for latest in (None, 5, "v2", "", ["9.9.9"]):
        save("version.json", {"curr_ver": "1.0.0", "latest_ver": latest})
        assert start("1.0.0").is_news("1.0.1")
        assert on_flash()["latest_ver"] == "1.0.0"


def test_what_is_no_version_is_an_error_and_changes_nothing():
    firmware = start("1.0.0")
    for text in ("", "1.1", "v1.1.0", "latest", 11, None):
        raises(ValueError, firmware.is_news, text)
        raises(ValueError, firmware.is_upgrade, text)
    assert on_flash()["latest_ver"] == "1.0.0"
    for text in ("1.0", ""):
        assert "firmware_version:" in str(raises(SettingsError, Firmware, "version.json", text))


def test_a_flash_that_cannot_be_written_does_not_announce_twice():
    firmware = Firmware("nowhere/version.json", "1.0.0")
    raises(StoreError, firmware.announced, "1.1.0")
    assert not firmware.is_news("1.1.0")
