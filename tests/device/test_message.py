import json

from support import raises
from telemetry.errors import MessageError, ReplyError
from telemetry.message import MAX_BYTES, Reply, check
from telemetry.minimal import build


def sent(*args, **kwargs):
    body = build(*args, **kwargs)
    assert isinstance(body, bytes)
    return json.loads(body)


def test_values_of_every_allowed_type():
    values = {"i": 7, "f": 21.5, "t": True, "n": False, "s": "Tür", "gone": None, "": 1}
    del values[""]
    assert sent(values) == {"status": "online", "telemetries": values}


def test_nothing_to_tell_is_a_message_too():
    assert sent({}) == {"status": "online", "telemetries": {}}


def test_optional_fields_only_when_given():
    assert sent({"a": 1}, "error", "2021-08-04T07:45:44.122Z", True, "Unknown input connected") == {
        "status": "error",
        "timestamp": "2021-08-04T07:45:44.122Z",
        "telemetries": {"a": 1},
        "override": True,
        "message": "Unknown input connected",
    }
    assert "override" not in sent({}, override=False)
    assert sent({}, message="")["message"] == ""


def test_status_is_one_of_three():
    for status in ("online", "offline", "error"):
        assert sent({}, status)["status"] == status
    for status in ("", "Online", "on", None, 1, ["online"]):
        assert "status" in str(raises(MessageError, build, {}, status))


def test_a_bad_value_is_named():
    for value in (
        float("nan"),
        float("inf"),
        -float("inf"),
        0x80000000,
        -0x80000001,
        10**30,
        b"bytes",
        bytearray(2),
        [1],
        (1,),
        {"nested": 1},
        {1},
        object(),
        "x" * 1001,
        "é" * 501,
        "€" * 334,
    ):
        error = raises(MessageError, build, {"good": 1, "room temperature": value})
        assert "room temperature" in str(error), value


def test_a_float_that_has_no_room_in_32_bits():
    if float("inf") == 1e300:
        return  # a board whose floats have 32 bits
    assert "k:" in str(raises(MessageError, check, {"k": 1e300}))
    assert "k:" in str(raises(MessageError, check, {"k": -3.5e38}))


def test_the_largest_that_fit():
    check({"a": 0x7FFFFFFF, "b": -0x80000000, "c": 3.4e38, "d": "x" * 1000, "e": "é" * 500, "f": "€" * 333, "g": ""})


def test_keys():
    for key in ("", 1, None, b"key", ("a",)):
        assert repr(key) in str(raises(MessageError, check, {key: 1}))
    assert "status" in str(raises(MessageError, check, {"status": "mine"}))


def test_values_must_be_a_dict():
    for values in (None, [], "text", 5, [("a", 1)]):
        assert "telemetries" in str(raises(MessageError, build, values))


def test_timestamp():
    for text in (
        "2021-08-04T07:45:44Z",
        "2021-08-04T07:45:44.122",
        "2021-08-04 07:45:44.122Z",
        "2021-08-04T07:45:44.122+",
        "2021-8-04T07:45:44.1220Z",
        "2021-08-04T07:45:44.12xZ",
        "",
        1628063144,
    ):
        assert "timestamp" in str(raises(MessageError, build, {}, timestamp=text))


def test_message_must_be_text():
    assert "message" in str(raises(MessageError, build, {}, message=5))


def test_a_message_holds_128_kib_to_the_byte():
    values = {"key%03d" % i: "x" * 1000 for i in range(128)}
    values["last"] = ""
    values["room"] = ""
    room = MAX_BYTES - len(build(values))
    values["last"] = "x" * 1000
    values["room"] = "x" * (room - 1000)
    assert len(build(values)) == MAX_BYTES
    values["room"] += "x"
    assert "telemetries" in str(raises(MessageError, build, values))


FIELDS = {
    "success": True,
    "config_version": 3,
    "command": True,
    "new_licenses": True,
    "info_version": 4,
    "latest_fw_version": "1.1.0",
    "latest_fw_file_id": "f-1",
    "space_data_version": 5,
}
SAFE = {
    "success": True,
    "config_version": 0,
    "command": False,
    "new_licenses": False,
    "info_version": 0,
    "latest_fw_version": None,
    "latest_fw_file_id": None,
    "space_data_version": -1,
}


def test_reply_holds_every_field():
    reply = Reply(FIELDS)
    for name, value in FIELDS.items():
        assert getattr(reply, name) == value
    assert Reply({"success": False}).success is False


def test_missing_and_null_fields_ask_for_nothing():
    for source in ({}, {name: None for name in FIELDS}):
        reply = Reply(source)
        for name, value in SAFE.items():
            assert getattr(reply, name) is value or getattr(reply, name) == value, name


def test_unknown_fields_are_let_be():
    assert Reply({"success": True, "weather": {"sun": [1, 2]}, "__init__": 1}).config_version == 0


def test_a_field_of_the_wrong_type_is_named():
    for name, right in FIELDS.items():
        for wrong in ("1", 1, 1.5, True, [], {}):
            if type(wrong) is type(right):
                continue
            assert name in str(raises(ReplyError, Reply, {name: wrong})), (name, wrong)


def test_a_reply_that_is_no_object():
    for reply in (None, [], "ok", 1, True):
        assert "object" in str(raises(ReplyError, Reply, reply))
