import json
import os

from support import raises
from telemetry import store
from telemetry.errors import Corrupt, Missing, StoreError


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_what_was_saved_is_loaded():
    for data in ({"a": 1}, {"curr_ver": "1.0.0", "latest_ver": "1.1.0", "deep": {"list": [1, None, "é"]}}, {"a": 2}):
        store.save("state.json", data)
        assert store.load("state.json") == data
        assert store.load("state.json") == data
    assert os.listdir() == ["state.json"]


def test_the_file_is_plain_json():
    store.save("state.json", {"curr_ver": "1.0.0"})
    assert json.loads(read("state.json"))["curr_ver"] == "1.0.0"


def test_missing_and_corrupt_are_told_apart():
    assert "state.json" in str(raises(Missing, store.load, "state.json"))
    write("state.json", b"")
    assert "state.json" in str(raises(Corrupt, store.load, "state.json"))


def test_torn_and_foreign_files_are_corrupt():
    store.save("state.json", {"curr_ver": "1.0.0", "latest_ver": "1.1.0"})
    good = read("state.json")
    for content in [good[:n] for n in range(len(good))] + [
        good + b" ",
        good.replace(b"1.1.0", b"1.2.0"),
        b"\xff" * 40,
        b"\x00" * 40,
        b"{}",
        b"[1, 2]",
        b'{"curr_ver": "1.0.0", "latest_ver": "1.0.0"}',
        b"x" * 20000,
    ]:
        write("state.json", content)
        raises(Corrupt, store.load, "state.json")
    store.save("state.json", {"curr_ver": "2.0.0"})  # and is replaced
    assert store.load("state.json") == {"curr_ver": "2.0.0"}


def test_every_flipped_bit_is_noticed():
    store.save("state.json", {"k": "v"})
    good = read("state.json")
    for i in range(len(good) * 8):
        bad = bytearray(good)
        bad[i // 8] ^= 1 << i % 8
        write("state.json", bad)
        raises(Corrupt, store.load, "state.json")


def test_a_cut_before_the_rename_leaves_the_old():
    store.save("state.json", {"n": 1})
    write("state.json.new", b'{"crc32": "0000')
    assert store.load("state.json") == {"n": 1}
    store.save("state.json", {"n": 2})
    assert store.load("state.json") == {"n": 2}


def test_a_cut_while_the_old_is_written_over_leaves_the_new():
    for torn in (None, b"", b'{"crc32": "0000'):
        store.save("state.json", {"n": 2})
        os.rename("state.json", "state.json.new")
        if torn is not None:
            write("state.json", torn)
        assert store.load("state.json") == {"n": 2}
        assert os.listdir() == ["state.json"]  # the only copy is not where the next save writes


def test_the_only_copy_is_not_written_over():
    store.save("state.json", {"n": 1})
    os.rename("state.json", "state.json.new")
    os.mkdir("state.json")  # nothing can be written there
    raises(StoreError, store.save, "state.json", {"n": 2})
    raises(StoreError, store.check, "state.json")
    os.rmdir("state.json")
    assert store.load("state.json") == {"n": 1}


def test_a_cut_within_a_check_leaves_nothing_corrupt():
    discard = store._discard
    store._discard = lambda path: None  # the power went
    try:
        store.check("state.json")
    finally:
        store._discard = discard
    assert store.load("state.json") == {}


def test_the_same_content_is_not_written_again():
    store.save("state.json", {"n": 1})
    marked = read("state.json")
    # A file that says the same in other bytes is still there after a save that had nothing to do.
    write("state.json.new", b"mark")
    store.save("state.json", {"n": 1})
    assert read("state.json.new") == b"mark" and read("state.json") == marked


def test_one_and_true_are_not_the_same():
    store.save("state.json", {"n": 1})
    store.save("state.json", {"n": True})
    assert store.load("state.json")["n"] is True


def test_what_cannot_be_saved_is_told():
    raises(StoreError, store.save, "folder/state.json", {"n": 1})
    os.mkdir("folder")
    store.save("folder/state.json", {"n": 1})
    assert store.load("folder/state.json") == {"n": 1}


def test_more_than_load_takes_is_refused_and_the_old_kept():
    store.save("state.json", {"n": 1})
    assert "state.json" in str(raises(StoreError, store.save, "state.json", {"n": "x" * 17000}))
    assert store.load("state.json") == {"n": 1}


def test_a_folder_that_is_not_there_is_a_clear_error():
    error = raises(StoreError, store.save, "nowhere/state.json", {"n": 1})
    assert str(error).startswith("nowhere/state.json: ")
