from support import raises
from telemetry.delta import Delta
from telemetry.errors import MessageError


def message(delta, *reads, accepted=True, tolerances=None):
    """What one message holds, and whether it is a full one."""
    delta.begin()
    for read in reads:
        delta.add(read, tolerances or {})
    delta.end()
    if accepted:
        delta.accepted()
    return dict(delta.changed), delta.is_full


def test_the_first_is_full_and_then_only_what_changed():
    delta = Delta()
    values = {"i": 1, "f": 1.5, "b": True, "s": "x", "n": None}
    assert message(delta, values) == (dict(values), True)
    assert message(delta, values) == ({}, False)
    for key, value in (("i", 2), ("f", -2.5), ("b", False), ("s", "y"), ("n", 1), ("new", 7)):
        values[key] = value
        assert message(delta, values) == ({key: value}, False)
        assert message(delta, dict(values)) == ({}, False)


def test_for_the_hub_1_and_true_and_a_float_are_not_one():
    delta = Delta()
    for value in (1, True, 1.0, True, 1, 1.0, 1, "1", None, 0, False, 0.0):
        (changed, _) = message(delta, {"k": value})
        assert type(changed["k"]) is type(value) and changed["k"] == value


def test_a_tolerance_counts_from_what_the_hub_knows():
    delta = Delta()
    sent = [message(delta, {"t": t}, tolerances={"t": 0.2})[0] for t in (20.0, 20.1, 20.15, 20.3, 20.2, 20.15, 20.05)]
    assert sent == [{"t": 20.0}, {}, {}, {"t": 20.3}, {}, {}, {"t": 20.05}]
    sent = [message(delta, {"t": t}, tolerances={"t": 5})[0] for t in (10, 14, 16, None, 16, "x", 16, True, 1)]
    assert sent == [{"t": 10}, {}, {"t": 16}, {"t": None}, {"t": 16}, {"t": "x"}, {"t": 16}, {"t": True}, {"t": 1}]


def test_what_went_away_is_removed_once():
    delta = Delta()
    message(delta, {"a": 1, "b": 2}, {"c": 3})
    assert message(delta, {"a": 1}, {"c": 3}) == ({"b": None}, False)
    assert message(delta, {"a": 1}, {"c": 3}) == ({}, False)
    assert message(delta, {"a": 1, "b": 2}, {}) == ({"b": 2, "c": None}, False)
    assert message(delta, {}) == ({"a": None, "b": None}, False)


def test_of_two_functions_with_one_key_the_later_counts():
    delta = Delta()
    for first, second in ((1, 2), (1, 2), (2, 2), (3, 2), (3, 4), (4, 3)):
        changed, _ = message(delta, {"k": first}, {"k": second})
        assert changed.get("k", second) == second


def test_after_anything_else_went_wrong_all_is_sent():
    delta = Delta()
    message(delta, {"a": 1}, {"t": 1})
    delta.begin()
    raises(TypeError, delta.add, {"a": 2, "t": 5}, {"t": "a text"})
    delta.add({"b": 1}, {})
    delta.accepted()
    assert message(delta, {"a": 2, "t": 5}) == ({"a": 2, "t": 5}, True)


def test_everything_is_sent_again_every_so_often():
    delta = Delta()
    full = [message(delta, {"a": 1})[1] for _ in range(1000)]
    assert full[0] and 2 <= sum(full) <= 20
    spaces = [i for i in range(1000) if full[i]]
    assert len(set(b - a for a, b in zip(spaces, spaces[1:]))) == 1  # evenly


def test_one_that_was_not_accepted_makes_the_next_a_full_one():
    delta = Delta()
    message(delta, {"a": 1})
    message(delta, {"a": 2}, accepted=False)
    assert message(delta, {"a": 1}) == ({"a": 1}, True)
    delta.forget()
    assert message(delta, {"a": 1}) == ({"a": 1}, True)
    assert message(delta, {"a": 1}) == ({}, False)


def test_a_bad_value_costs_its_function_only():
    delta = Delta()
    message(delta, {"good": 1}, {"x": 1, "y": 1.5, "z": "text"})
    for bad in (
        {"x": 2, "y": float("nan")},
        {"y": float("inf"), "x": 2},
        {"x": 0x80000000},
        {"x": -0x80000001},
        {"x": 10**30},
        {"z": "x" * 1001},
        {"x": [1]},
        {"x": {}},
        {"x": b"bytes"},
        {"": 1},
        {5: 1},
        {"status": "mine"},
        None,
        [("x", 1)],
    ):
        delta.begin()
        delta.add({"good": 2}, {})
        raises(MessageError, delta.add, bad, {"y": 0.5})
        assert delta.changed == {} or delta.changed == {"good": 2}
        delta.accepted()
    assert message(delta, {"good": 2}, {"x": 0x7FFFFFFF, "y": 1.5, "z": "x" * 1000})[0]["x"] == 0x7FFFFFFF


def test_a_value_beside_a_bad_one_is_still_removed_when_it_goes():
    delta = Delta()
    message(delta, {"alarm": 1, "t": 1.5})
    delta.begin()
    raises(MessageError, delta.add, {"alarm": 2, "t": float("nan")}, {})
    delta.end((0,))
    delta.accepted()
    changed, is_full = message(delta, {"t": 1.5})
    assert is_full or changed == {"alarm": None}


def test_what_the_user_does_to_his_dict_later_is_not_in_the_message():
    delta = Delta()
    values = {"door": 0, "t": 1}
    delta.begin()
    delta.add(values, {})
    values["door"] = [1]
    delta.end()
    assert delta.changed == {"door": 0, "t": 1}
    delta.accepted()
    values["door"] = 1
    assert message(delta, values) == ({"door": 1}, False)


def test_while_one_function_fails_what_others_no_longer_give_is_removed():
    delta = Delta()
    delta.begin()
    delta.add({"alarm": "fire"}, {}, 0)
    delta.add({"t": 1}, {}, 1)
    delta.end()
    delta.accepted()
    delta.begin()
    delta.add({}, {}, 0)
    delta.end((1,))
    assert delta.changed == {"alarm": None}
