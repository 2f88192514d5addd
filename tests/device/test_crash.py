import os

from notice_hub import NoticeHub
from power import PowerCut, Writes
from rig import Rig
from telemetry import store
from telemetry.errors import StoreError

LOOP = "crash_loop"


def fresh():
    """A hub that knows nothing of a board that did nothing yet."""
    for path in ("incidents.json", "crash.json"):
        for name in (path, path + ".new"):
            try:
                os.remove(name)
            except OSError:
                pass
    return NoticeHub()


def kept():
    return store.load("crash.json")


def boom(seconds):
    raise RuntimeError("in the ceiling")


def run(hub, telemetries=1, wait=boom, cause="hard reset", passed=60, registered=True):
    """One start: some telemetries, `passed` seconds apart, then what `wait` does. The rig, and whether it was reset."""
    rig = Rig(requests=hub, registered=registered)
    rig.board.cause = cause
    end = hub.telemetries + telemetries

    def waits(seconds):
        if hub.telemetries >= end:
            wait(seconds)
        rig.ticks.now += passed * 1000

    rig.agent.wait = waits
    try:
        rig.agent.run()
    except SystemExit:
        pass
    return rig


def calm(hub, **how):
    """A start that lives for 20 minutes."""
    return run(hub, 20, stop, **how)


def stop(seconds):
    raise SystemExit


def test_a_crash_is_kept_and_starts_the_board_anew():
    hub = fresh()
    rig = run(hub)
    assert rig.board.resets == 1
    assert rig.ticks.now >= 6000  # for Ctrl-C
    assert kept()["count"] == 1
    assert "in boom" in kept()["trace"] and "in the ceiling" in kept()["trace"]
    assert not hub.asked  # one is no loop


def test_ctrl_c_in_the_pause_leaves_the_repl():
    from telemetry import agent

    rig = Rig(requests=fresh())

    def interrupted(ms):
        raise KeyboardInterrupt

    rig.agent.wait = boom
    agent.sleep_ms = interrupted
    try:
        rig.agent.run()
    except KeyboardInterrupt:
        assert not rig.board.resets and kept()["count"] == 1
        return
    raise AssertionError("it was swallowed")


def test_what_the_developer_ends_is_no_crash():
    for kind in (KeyboardInterrupt, SystemExit):
        hub = fresh()
        rig = Rig(requests=hub)

        def end(seconds, kind=kind):
            raise kind

        rig.agent.wait = end
        try:
            rig.agent.run()
        except kind:
            assert not rig.board.resets and not store.exists("crash.json")
            continue
        raise AssertionError("it was swallowed")


def test_a_program_without_memory_is_one_that_crashed():
    hub = fresh()
    rig = Rig(requests=hub)

    def full(_):
        raise MemoryError

    rig.agent.hub.send_telemetry = full
    rig.agent.wait = lambda seconds: None
    try:
        rig.agent.run()
    except SystemExit:
        pass
    assert rig.board.resets == 1 and kept()["count"] == 1
    assert "5 steps in a row" in kept()["trace"]


def test_a_crash_that_cannot_be_kept_starts_the_board_anew_too():
    for error in (StoreError("crash.json: cannot be written"), MemoryError(), OSError(5), KeyError("x")):
        hub = fresh()
        with Writes(1, error):
            rig = run(hub)
        assert rig.board.resets == 1 and not store.exists("crash.json")


def test_the_end_of_a_long_traceback_is_kept():
    def long(seconds):
        raise RuntimeError("x" * 5000 + "the end")

    run(fresh(), wait=long)
    assert len(kept()["trace"]) == 1500 and kept()["trace"].rstrip().endswith("the end")


class Unprintable(Exception):
    def __str__(self):
        raise ValueError


def test_a_crash_that_cannot_be_printed_counts():
    def unprintable(seconds):
        raise Unprintable

    hub = fresh()
    for _ in range(4):
        assert run(hub, wait=unprintable).board.resets == 1
    assert "Unprintable" in kept()["trace"] and hub.open() == [LOOP]


def test_a_watchdog_reset_opens_one():
    hub = fresh()
    run(hub, wait=stop, cause="watchdog")
    assert hub.open() == ["watchdog"] and hub.incidents[0]["priority"] == 3
    assert kept()["count"] == 1 and kept()["trace"] == "watchdog"
    calm(hub)
    assert not hub.open() and len(hub.incidents) == 1
    for cause in ("power on", "hard reset", "deep sleep", "soft reset", "unknown"):
        calm(hub, cause=cause)
    assert len(hub.incidents) == 1 and kept()["count"] == 0


def test_a_watchdog_reset_is_told_though_the_flash_is_broken():
    hub = fresh()
    with Writes(1, StoreError("crash.json: cannot be written")):
        run(hub, wait=stop, cause="watchdog")
    assert sorted(hub.open()) == ["flash", "watchdog"]


def test_a_loop_opens_one_that_lasts_as_long_as_it_does():
    for cause in ("hard reset", "watchdog"):
        hub = fresh()
        hub.incidents.append({"id": "old", "issue": "x", "status": "closed", "title": "x"})
        wait = boom if cause == "hard reset" else stop
        for _ in range(3):
            run(hub, cause=cause, wait=wait)
            assert hub.open().count(LOOP) == (1 if cause == "watchdog" and kept()["count"] == 3 else 0)
        for _ in range(6):
            run(hub, 2, cause=cause, wait=wait)
            assert hub.open().count(LOOP) == 1
        assert [each["issue"] for each in hub.incidents].count(LOOP) == 1
        told = [each for each in hub.incidents if each["issue"] == LOOP][0]
        assert told["priority"] == 4 and told["title"] == "Crash loop"
        assert cause == "watchdog" or "in the ceiling" in told["description"]
        calm(hub)
        assert LOOP not in hub.open() and kept()["count"] == 0
        calm(hub)
        assert not hub.open()
        asked = len(hub.asked)
        calm(hub)
        assert len(hub.asked) == asked
        for _ in range(4):
            run(hub, wait=boom)
        assert hub.open() == [LOOP]  # another loop, another incident


def test_crashes_before_it_was_registered_count():
    hub = fresh()
    for _ in range(3):
        rig = Rig(requests=hub, registered=False)
        rig.board.in_reach = False
        rig.agent.wait = boom
        try:
            rig.agent.run()
        except SystemExit:
            pass
    assert not hub.asked and kept()["count"] == 3 and kept()["device"] is None
    run(hub, 2)
    assert hub.open() == [LOOP] and "in boom" in hub.incidents[0]["description"]
    run(hub, 2)
    assert hub.open() == [LOOP] and len(hub.incidents) == 1


def test_a_loop_is_told_to_the_other_device_too():
    hub = fresh()
    for _ in range(4):
        run(hub)
    assert kept()["incident"] == "i-0"
    hub.device = "d-2"
    for _ in range(3):
        run(hub, 3, registered=False)  # it takes up what was saved
        assert [each["issue"] for each in hub.incidents] == [LOOP, LOOP]
    assert kept()["incident"] == "i-1"


def test_a_board_that_crashes_seldom_is_in_no_loop():
    hub = fresh()
    for _ in range(6):
        run(hub, 15)
        assert kept()["count"] == 1
    assert not hub.asked


def test_a_board_that_reached_nobody_for_long_is_in_no_loop():
    hub = fresh()
    for _ in range(2):
        run(hub)
    rig = Rig(requests=hub)
    rig.board.in_reach = False
    waits = []

    def wait(seconds):
        waits.append(seconds)
        rig.ticks.now += 100000
        if len(waits) == 10:
            boom(0)

    rig.agent.wait = wait
    try:
        rig.agent.run()
    except SystemExit:
        pass
    assert kept()["count"] == 1


def test_others_that_the_loop_left_open_are_not_opened_again():
    hub = fresh()

    def crash():
        rig = Rig(requests=hub)
        rig.agent.telemetry(broken)
        rig.agent.wait = lambda seconds: boom(0) if hub.telemetries % 2 == 0 else None
        try:
            rig.agent.run()
        except SystemExit:
            pass

    for _ in range(3):
        crash()
    count = len(hub.incidents)
    for _ in range(5):
        crash()
    assert sorted(hub.open()) == ["broken", LOOP]
    assert len(hub.incidents) <= count + 2


def broken():
    raise OSError("sensor")


def test_what_the_loop_left_open_is_closed_when_it_ends():
    for reader in (None, broken):
        hub = fresh()
        for _ in range(4):
            run(hub, cause="watchdog", wait=stop)
        assert sorted(hub.open()) == [LOOP, "watchdog"]
        rig = Rig(requests=hub)
        if reader:
            rig.agent.telemetry(reader)
        for _ in range(20):
            rig.agent.step()
            rig.ticks.now += 60000
        assert hub.open() == (["watchdog", "broken"] if reader else [])  # what fails now is not closed with the rest


def test_a_single_crash_leaves_nothing_open_though_the_hub_fails_for_long():
    hub = fresh()
    run(hub, wait=stop, cause="watchdog")
    hub.answers("DELETE", (500, {}))
    rig = Rig(requests=hub)
    for number in range(90):
        if number == 30:
            hub.answers("DELETE", None)
        rig.agent.step()
        rig.ticks.now += 60000
    assert not hub.open()


def test_a_loop_writes_flash_no_more():
    hub = fresh()
    for _ in range(4):
        run(hub)
    with Writes() as writes:
        for _ in range(5):
            run(hub, 2)
        assert not writes.paths

        def another(seconds):
            raise RuntimeError("something else")

        run(hub, wait=another)
        assert writes.paths == ["crash.json"]
        assert "something else" in kept()["trace"]


def test_an_answer_that_gets_lost_in_a_loop_opens_no_second():
    for trouble in ("unreached", "lost", (500, {})):
        for number in range(2):
            hub = fresh()
            hub.at(number, trouble)
            for _ in range(5):
                run(hub)
            assert hub.open() == [LOOP] and len(hub.incidents) == 1, (trouble, number, hub.asked)
            calm(hub)
            calm(hub)
            assert not hub.open() and len(hub.incidents) == 1


def survives(hub, life, starts):
    """Whether the power went at one of so many starts."""
    was_cut = False
    for _ in range(starts):
        try:
            life(hub)
        except PowerCut:
            was_cut = True
    return was_cut


def test_the_power_goes_anywhere_in_a_loop():
    for what, least in (("cut", 2), ("cut after", 2), ("write", 6)):
        for number in range(20):
            hub = fresh()
            if what != "write":
                hub.at(number, what)
            with Writes(number + 1 if what == "write" else None):
                was_cut = survives(hub, run, 5)
                assert hub.open() == [LOOP] and len(hub.incidents) == 1, (what, number, hub.asked)
                was_cut = survives(hub, calm, 2) or was_cut
            assert not hub.open() and len(hub.incidents) == 1, (what, number, hub.asked)
            assert kept()["count"] == 0
            if not was_cut:
                break
        assert least <= number < 19, (what, number)


def test_the_loop_is_told_when_the_hub_can_be_reached():
    hub = fresh()
    for _ in range(3):
        run(hub)
    hub.answers("POST", "unreached")
    run(hub)
    assert not hub.open()
    hub.answers("POST", None)
    run(hub, 3)
    assert hub.open() == [LOOP]
    assert kept()["incident"] == "i-0"


def test_a_loop_ends_while_the_hub_is_away():
    hub = fresh()
    for _ in range(4):
        run(hub)
    hub.answers("DELETE", (500, {}))
    calm(hub)
    assert hub.open() == [LOOP] and kept()["count"] == 0
    hub.answers("DELETE", None)
    calm(hub)
    assert not hub.open()


def test_a_loop_needs_no_list_of_the_hub():
    hub = fresh()
    hub.answers("GET", (400, {"error": "too many to list"}))
    for _ in range(6):
        run(hub)
    assert len(hub.incidents) == 1 and "GET /incidents" not in hub.asked
