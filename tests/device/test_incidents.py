import os

from notice_hub import NoticeHub
from power import PowerCut, Writes
from rig import Rig
from telemetry import errors
from telemetry.errors import StoreError

OPEN = "POST /incidents"
ALL = "DELETE /incidents"
LIST = "GET /incidents"
EVENT = "POST /events"
TROUBLES = ("unreached", "lost", (500, {}), (429, {}, {"retry-after": "3"}), (403, {}))


def close(number):
    return "DELETE /incidents/i-%d" % number


def fresh():
    """A hub that knows nothing of a board that did nothing yet."""
    for path in ("incidents.json", "incidents.json.new"):
        try:
            os.remove(path)
        except OSError:
            pass
    return NoticeHub()


def started(hub):
    return Rig(requests=hub)


def live(rig, steps=12):
    """Some telemetries, far enough apart for whatever waits after a failure."""
    for _ in range(steps):
        rig.agent.step()
        rig.ticks.now += 4000 * 1000


def test_it_is_opened_and_closed():
    hub = fresh()
    rig = started(hub)
    incident = rig.agent.incident("Door open", "door", 3, "since noon")
    live(rig, 2)
    assert hub.asked == [OPEN]
    assert hub.bodies == [{"title": "Door open", "issue": "door", "priority": 3, "description": "since noon"}]
    incident.close()
    live(rig, 2)
    incident.close()
    live(rig, 2)
    assert hub.asked == [OPEN, close(0)] and not rig.agent.notices
    rig.agent.incident("Door open", "door")
    live(rig, 1)
    assert hub.asked[2:] == [OPEN]


def test_there_is_one_of_an_issue():
    hub = fresh()
    rig = started(hub)
    first = rig.agent.incident("Door open", "door")
    assert rig.agent.incident("Another title", "door") is first
    live(rig)
    assert rig.agent.incident("Door open", "door") is first
    first.close()
    second = rig.agent.incident("Door open", "door")
    assert second is not first
    live(rig)
    assert hub.asked == [OPEN, close(0), OPEN] and hub.open() == ["door"]


def test_what_was_over_before_it_was_sent_is_not_asked_for():
    hub = fresh()
    rig = started(hub)
    for _ in range(50):
        rig.agent.incident("Door open", "door").close()
    assert len(rig.agent.notices) < 5
    live(rig)
    assert not hub.asked and not rig.agent.notices


def test_those_that_a_restart_left_open_are_closed_before_others_are_opened():
    hub = fresh()
    rig = started(hub)
    live(rig, 2)
    assert not hub.asked
    rig.agent.incident("Door open", "door")
    rig.agent.incident("Window open", "window")
    live(rig)
    assert hub.asked == [OPEN, OPEN]
    rig = started(hub)
    rig.agent.incident("Door open", "door")
    live(rig)
    assert hub.asked[2:] == [ALL, OPEN] and hub.open() == ["door"]
    live(started(hub))
    assert hub.asked[4:] == [ALL] and not hub.open()
    live(started(hub))
    assert hub.asked[5:] == []  # nothing was open: nothing is asked


def test_an_operator_may_have_closed_it_and_the_hub_may_not_know_it():
    for status in (404, 400, 422):
        hub = fresh()
        hub.answers("DELETE", (status, {"error": "no"}))
        rig = started(hub)
        incident = rig.agent.incident("Door open", "door")
        live(rig, 1)
        incident.close()
        live(rig)
        assert hub.asked == [OPEN, close(0)] and not rig.agent.notices
        rig = started(hub)
        rig.agent.incident("Door open", "door")
        live(rig)
        assert hub.asked[2:] == [ALL, OPEN]


def story(rig, wait):
    """Opens two, closes one; an event between."""
    door = rig.agent.incident("Door open", "door")
    wait(rig)
    rig.agent.event("noon", "time")
    rig.agent.incident("Window open", "window")
    wait(rig)
    door.close()
    wait(rig)


def test_a_lost_answer_costs_nothing():
    for trouble in TROUBLES:
        for number in range(6):
            hub = fresh()
            rig = started(hub)
            rig.agent.incident("From before", "before")
            live(rig, 1)
            hub.at(number, trouble)
            story(started(hub), live)
            assert hub.open() == ["window"] or trouble == (trouble, number, hub.asked)
            assert "door" not in hub.open() and "before" not in hub.open()
            titles = [each["title"] for each in hub.incidents]
            assert len(set(titles)) == len(titles), (trouble, number, titles)  # none twice
            assert 1 <= len(hub.events) <= 2


def test_closed_while_nobody_knows_whether_it_was_opened():
    for trouble in ("unreached", "lost"):
        hub = fresh()
        hub.at(0, trouble)
        rig = started(hub)
        incident = rig.agent.incident("Door open", "door")
        live(rig, 1)
        incident.close()
        live(rig)
        assert hub.asked == [OPEN, LIST] + ([close(0)] if trouble == "lost" else [])
        assert not hub.open() and not rig.agent.notices


def test_a_list_that_is_of_no_use_does_not_keep_it_from_being_opened():
    useless = [[5], [{}], [[]], [{"status": "open"}], [{"status": "open", "issue": "door"}], {}, b"x", None]
    useless.append([{"status": "closed", "issue": "door", "id": "x"}])
    for answer in useless + [errors.BodyTooLarge("16 KiB"), MemoryError()]:
        hub = fresh()
        hub.trouble = first_lost_and_list(hub, answer)
        rig = started(hub)
        rig.agent.incident("Door open", "door")
        live(rig)
        assert hub.asked == [OPEN, LIST, OPEN], (answer, hub.asked)


def first_lost_and_list(hub, answer):
    def trouble(method, path):
        if method == "GET":
            if isinstance(answer, Exception):
                raise answer
            return 200, answer
        return "lost" if len(hub.asked) == 1 else None

    return trouble


def test_what_the_hub_refuses_is_told_and_not_asked_again():
    lines = []
    errors.print = lambda *args: lines.append(args[0])
    try:
        for answer in ((400, {"error": "priority: no"}), (422, {"error": "no"}), (404, {}), (200, b"x"), (200, {})):
            hub = fresh()
            hub.answers("POST", answer)
            rig = started(hub)
            del lines[:]
            refused = rig.agent.incident("Door open", "door")
            rig.agent.event("noon", "time")
            live(rig)
            assert hub.asked == [OPEN, EVENT]
            assert answer == (200, {}) or [line for line in lines if line.startswith("notices: ")]
            rig.agent.incident("Door open", "door")  # as long as it goes on
            live(rig, 1)
            assert hub.asked == [OPEN, EVENT]
            refused.close()
            hub.answers("POST", None)
            rig.agent.incident("Window open", "window")
            live(rig)
            assert hub.asked[2:3] == [OPEN] and len(rig.agent.notices) == 1
    finally:
        del errors.print


def test_ids_of_any_kind_close_it():
    for given in (7, "a/b", "00000000-0000-0000-0000-000000000000", [1], {"a": 1}, True):
        hub = fresh()
        hub.answers("POST", (200, {"incident_id": given}))
        rig = started(hub)
        incident = rig.agent.incident("Door open", "door")
        live(rig, 1)
        incident.close()
        live(rig)
        assert len(hub.asked) == 2 and hub.asked[1].startswith("DELETE /incidents/") and not rig.agent.notices
    assert given is True


def raises(text, function, *arguments, **keys):
    try:
        function(*arguments, **keys)
    except ValueError as error:
        assert text in str(error), error
        return
    raise AssertionError("no ValueError for " + text)


def test_wrong_arguments_are_named():
    hub = fresh()
    agent = started(hub).agent
    for value in (None, 5.0, True, b"door", ["door"], object()):
        raises("title", agent.incident, value, "door")
        raises("issue", agent.incident, "Door open", value)
        raises("priority", agent.incident, "Door open", "door", value)
        raises("name", agent.event, value, "time")
        raises("category", agent.event, "noon", value)
        raises("int_key_2", agent.event, "noon", "time", int_key_2=value)
        raises("string_key_1", agent.event, "noon", "time", string_key_1=value)
    assert not agent.notices and not agent.events
    agent.incident("T" * 255, "i" * 255, 0, "d" * 3000)
    agent.event("n", "c", int_key_1=-(1 << 31), int_key_2=(1 << 31) - 1, string_key_1="", string_key_2="ü" * 255)
    agent.step()
    assert len(hub.bodies[0]["description"]) == 2000
    assert hub.events[0]["string_key_2"] == "ü" * 255 and len(hub.events[0]) == 6


def test_what_the_hub_refuses_is_told_and_keeps_nothing_back():
    hub = fresh()
    agent = started(hub).agent
    hub.at(0, (400, {"error": "priority: 0 to 4 is expected"}))
    agent.incident("Door open", "door", 5)
    agent.incident("Window open", "window")
    agent.event("noon", "time")
    agent.step()
    assert hub.open() == ["window"] and len(hub.events) == 1
    assert [line for _, line in errors.log if "priority: 0 to 4 is expected" in line]
    hub.at(0, (400, {"error": "int_key_3: unknown"}))
    agent.event("noon", "time", int_key_3=1)
    agent.event("noon", "time")
    agent.step()
    assert len(hub.events) == 2 and [line for _, line in errors.log if "int_key_3: unknown" in line]


def test_events_are_sent_in_order_and_telemetry_between():
    hub = fresh()
    rig = started(hub)
    for number in range(12):
        rig.agent.event("event", "test", int_key_1=number)
    rig.agent.step()
    assert len(hub.events) == 5
    rig.agent.step()
    rig.agent.step()
    assert [event["int_key_1"] for event in hub.events] == list(range(12)) and hub.telemetries == 3
    rig.agent.step()
    assert len(hub.events) == 12


def test_an_event_whose_answer_was_lost_is_sent_again():
    hub = fresh()
    hub.at(1, "lost")
    rig = started(hub)
    for number in range(3):
        rig.agent.event("event", "test", int_key_1=number)
    live(rig)
    assert [event["int_key_1"] for event in hub.events] == [0, 1, 1, 2]


def test_no_more_than_20_wait():
    lines = []
    errors.print = lambda *args: lines.append(args[0])
    try:
        hub = fresh()
        rig = started(hub)
        for number in range(30):
            rig.agent.event("event", "test", int_key_1=number)
        incidents = [rig.agent.incident("Incident", "issue %d" % number) for number in range(30)]
        told = [line for line in lines if "too many" in line]
    finally:
        del errors.print
    assert len(told) == 1
    incidents[29].close()
    incidents[0].close()
    live(rig)
    assert [event["int_key_1"] for event in hub.events] == list(range(10, 30))
    assert hub.open() == ["issue %d" % number for number in range(1, 20)]
    rig.agent.incident("Incident", "issue 30")
    live(rig)
    assert hub.open()[-1] == "issue 30"  # there is room again


def test_after_a_failure_the_next_waits_too():
    hub = fresh()
    hub.trouble = lambda method, path: (500, {})
    rig = started(hub)
    rig.agent.event("event", "test")
    rig.agent.step()
    incident = rig.agent.incident("Door open", "door")
    incident.close()
    rig.agent.incident("Door open", "door")
    rig.agent.step()
    assert hub.asked == [EVENT] and hub.telemetries == 2


def test_the_watchdog_is_fed_before_each_request():
    hub = fresh()
    rig = started(hub)
    fed = []
    hub.trouble = lambda method, path: fed.append(rig.board.fed)
    for number in range(3):
        rig.agent.incident("Incident", "issue %d" % number)
        rig.agent.event("event", "test")
    rig.agent.step()
    assert len(fed) == len(set(fed)) == 6


def test_a_function_that_fails_opens_one_until_it_works_again():
    hub = fresh()
    rig = started(hub)
    passes = []

    @rig.agent.telemetry
    def read():
        passes.append(1)
        if len(passes) in (2, 3, 4, 7):
            raise OSError("sensor, try %d" % len(passes))
        return {"a": 1}

    for _ in range(8):
        live(rig, 1)
    assert hub.asked == [OPEN, close(0), OPEN, close(1)]
    assert hub.bodies[0]["title"] == "read failed" and hub.bodies[0]["issue"] == "read"
    assert hub.bodies[0]["description"] == "OSError: sensor, try 2"


def test_functions_of_the_same_name_do_not_hide_one_another():
    hub = fresh()
    rig = started(hub)
    bad = {0: True, 1: True}
    for number in (0, 1):
        rig.agent.telemetry(lambda number=number: 1 / 0 if bad[number] else {})
    live(rig, 3)
    assert hub.asked == [OPEN]
    bad[0] = False
    live(rig, 5)
    assert len(hub.open()) == 1 and len(hub.incidents) <= 2
    bad[1] = False
    live(rig, 2)
    assert not hub.open()


def test_the_functions_for_new_firmware_open_one_each():
    hub = fresh()
    hub.firmware = "1.1.0"
    rig = started(hub)
    bad = [True]

    @rig.agent.on_new_firmware
    def show(version, file_id):
        if bad:
            raise OSError(version)

    @rig.agent.on_upgrade
    def install(version, file_id):
        if bad:
            raise OSError(len(hub.asked))

    live(rig, 2)
    assert hub.open() == ["on_new_firmware"]
    for _ in range(3):
        assert not rig.agent.accept_upgrade()
        live(rig, 1)
        rig.board.pressed = True
        rig.agent.wait(1)
        rig.board.pressed = False
        rig.agent.wait(1)
    live(rig, 2)
    assert hub.open() == ["on_new_firmware", "upgrade"] and len(hub.incidents) == 2
    del bad[:]
    assert rig.agent.accept_upgrade()
    hub.firmware = "1.2.0"
    live(rig, 3)
    assert not hub.open() and len(hub.incidents) == 2


def test_another_device_gets_what_is_still_open():
    hub = fresh()
    rig = started(hub)
    door = rig.agent.incident("Door open", "door")
    rig.agent.incident("Window open", "window")
    live(rig)
    hub.device = "d-2"
    hub.incidents = []
    door.close()
    rig.agent.event("noon", "time")
    live(rig)
    assert hub.open() == ["window"] and len(hub.incidents) == 1 and len(hub.events) == 1
    live(Rig(requests=hub, registered=False))  # which takes up the new identity
    assert not hub.open()


def test_what_was_opened_before_the_registration_is_sent_after_it():
    hub = fresh()
    rig = Rig(requests=hub, registered=False)
    rig.agent.incident("Door open", "door")
    rig.agent.event("noon", "time")
    live(rig)
    assert hub.open() == ["door"] and len(hub.events) == 1
    live(started(hub))
    assert not hub.open()


def test_flash_is_written_once_in_a_run():
    hub = fresh()
    rig = started(hub)
    with Writes() as writes:
        for _ in range(5):
            incident = rig.agent.incident("Door open", "door")
            live(rig, 1)
            incident.close()
            live(rig, 1)
        assert len(hub.incidents) == 5 and writes.paths == ["incidents.json"]
        rig = started(hub)
        rig.agent.incident("Door open", "door")
        live(rig)
        assert writes.paths == ["incidents.json"]  # it says so already
        live(started(hub))
        assert len(writes.paths) == 2
        live(started(hub))
        assert len(writes.paths) == 2


def test_a_flash_that_cannot_be_written_hides_no_incident():
    hub = fresh()
    rig = started(hub)
    with Writes() as writes:
        writes.fail_at = 1
        writes.error = StoreError("incidents.json: cannot be written")
        rig.agent.incident("Door open", "door")
        rig.agent.step()
        assert writes.paths and hub.open() == ["door"]


def cut(hub, writes):
    """A start and the story, which the power may end."""
    try:
        story(started(hub), lambda rig: live(rig, 1))
    except PowerCut:
        return True
    return False


def test_the_power_goes_anywhere():
    for what in ("cut", "cut after", "write"):
        for number in range(20):
            hub = fresh()
            live_before = started(hub)
            live_before.agent.incident("From before", "before")
            live(live_before, 1)
            with Writes() as writes:
                if what == "write":
                    writes.fail_at = number + 1
                else:
                    hub.at(number, what)
                was_cut = cut(hub, writes)
                hub.trouble = lambda method, path: None
                writes.fail_at = None
                if not was_cut:
                    break
                story(started(hub), live)
                assert hub.open() == ["window"], (what, number, hub.asked)
                live(started(hub))
                assert not hub.open()
        assert number == {"cut": 5, "cut after": 5, "write": 0}[what]
