"""Configurations go both ways while requests fail and the power goes: board and hub agree in the end."""

import os

from config_case import GET, SET, TELL, Case, saved
from power import lives_through


def test_every_request_may_fail_in_every_way():
    answers = ["lose", "refuse", (500, {}), (403, {}), (404, {}), (200, b"<html>"), (200, []), (429, {}), (413, {})]
    for request in (GET, SET, TELL):
        for answer in answers if request != TELL else answers[:5]:
            for times in (1, 2):
                case = Case()
                case.hub.set_config(rate=5, mode="a")
                case.agent.config.set(mode="b")
                case.hub.faults += [(request, answer)] * times
                case.steps(8)
                agree(case, request, answer, times)
                assert case.steps(2) == []
                os.remove("config.json")


def agree(case, *what):
    assert case.hub.config == {"rate": 5, "mode": "b"}, what
    assert saved()["config"] == case.hub.config and saved()["changes"] == {}, what
    assert saved()["version"] == case.hub.version == case.hub.told["config_version"], what
    assert case.applied[-1] == case.hub.config, what


def test_odd_answers_change_nothing_and_are_asked_again():
    odd = [("version", value) for value in (None, "2", 2.0, True, [], {})]
    odd += [("config", value) for value in (None, "x", 1, [], [["a", 1]], False)]
    for field, value in odd:
        for request in (GET, SET):
            case = Case()
            case.hub.set_config(rate=5)
            if request == SET:
                case.agent.config.set(rate=5)
            case.hub.faults.append((request, {field: value}))
            if request == GET:
                assert case.steps() == [GET], (field, value)
                assert "config.json" not in os.listdir() and not case.applied
            case.steps(3)
            assert saved()["config"] == {"rate": 5} and case.hub.told == {"config_version": case.hub.version}
            os.remove("config.json")


def test_the_power_may_go_at_any_moment():
    cuts = 0
    for first in range(1, 100):
        for second in (1, 2, 3, 5):
            case = Case()
            case.hub.config = {}
            survived = live(case, first)
            if not survived:
                case.start()
                survived_again = live(case, second)
                case.start()
                cuts += 1 + (not survived_again)
            assert live(case, None)
            case.hub.cut = None
            case.steps(2)
            agree(case, first, second)
            assert case.hub.version <= 6
            for name in ("config.json", "identity.json"):
                os.remove(name)
        if survived:
            break
    assert cuts > 20 and survived


def live(case, cut_at):
    # One life of a program that sets a mode of its own; the operator changes the rate while it lives.
    def life():
        if case.hub.version == 0:
            case.hub.set_config(rate=4)
        case.steps(1)
        if case.agent.config.get("mode") != "b":
            case.agent.config.set(mode="b")
        case.steps(2)
        if case.hub.config.get("rate") != 5:
            case.hub.set_config(**dict(case.hub.config, rate=5))
        case.steps(2)

    return lives_through(case.hub, cut_at, life)


def test_a_refusal_reaches_the_hub_wherever_the_power_goes():
    for cut_at in range(1, 100):
        case = Case()
        case.hub.set_config(bad=1)
        survived = refuse(case, cut_at)
        case.start()
        case.hub.cut = None
        case.steps(3)
        told = [each["issue"] for each in case.hub.incidents]
        assert told == ["on_config"] or (told == ["on_config"] * 2 and not survived), (cut_at, told)
        assert saved()["refused"] == 1 and case.hub.told == {}
        case.start()
        assert case.steps(3) == [], cut_at
        for name in os.listdir():
            os.remove(name)
        if survived:
            break
    assert cut_at > 8 and survived


def refuse(case, cut_at):
    # One life that meets a configuration that it does not take.
    def life():
        case.steps(4)

    return lives_through(case.hub, cut_at, life)


def test_a_refusal_is_told_once_though_answers_get_lost():
    for answer in ("lose", "refuse", (500, {})):
        case = Case()
        case.hub.set_config(bad=1)
        case.agent.config.set(mode="b")
        case.hub.faults += [("POST /incidents", answer)]
        assert case.steps(5)[:1] == [GET], answer
        assert len(case.hub.incidents) == 1, answer
        assert saved()["refused"] == 1 and case.hub.config == {"mode": "b"}
        os.remove("config.json")
        os.remove("incidents.json")
