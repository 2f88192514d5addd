import json
import os

from queue_hub import PowerCut, QueueHub
from rig import ACCEPTED, TELEMETRY, Rig
from telemetry import errors, store
from telemetry.errors import StoreError

HOUR_MS = 3600 * 1000


class Story:
    """A board that is started again as often as its power goes or it restarts, before one hub."""

    def __init__(self, hub, add, save_fault=(0, None)):
        self.hub = hub
        self.add = add  # puts the handlers in: `add(agent, ran, restart)`
        self.ran = []
        self.causes = []
        self.saves = 0
        self._save_fault = save_fault

    def tell(self):
        cause = "power on"
        real = store.save
        store.save = lambda path, data: self._save(real, path, data)
        try:
            while cause:
                assert len(self.causes) < 5, "it restarts for ever"
                self.causes.append(cause)
                cause = self._live(cause)
        finally:
            store.save = real
        return self

    def _live(self, cause):
        rig = self.rig = Rig(requests=self.hub)
        rig.board.cause = cause
        self.add(rig.agent, self.ran, rig.board.reset)
        try:
            for _ in range(4):
                rig.agent.step()
                rig.ticks.now += HOUR_MS  # whatever waits for another try has waited enough
        except PowerCut:
            return "power on"
        except SystemExit:
            return "hard reset"
        return None

    def _save(self, real, path, data):
        if path != "commands.json":
            return real(path, data)
        self.saves += 1
        what = self._save_fault[1] if self.saves == self._save_fault[0] else None
        if what == "cut before":
            raise PowerCut
        if what == "full":
            raise StoreError("commands.json: [Errno 28] ENOSPC")
        real(path, data)
        if what == "cut after":
            raise PowerCut
        return None


def normal(agent, ran, restart):
    @agent.command("work")
    def work(parameters):
        ran.append(parameters)
        return "worked"


def safe(agent, ran, restart):
    @agent.command("work", safe=True)
    def work(parameters):
        ran.append(parameters)
        return "worked"


def raising(agent, ran, restart):
    @agent.command("work")
    def work(parameters):
        ran.append(parameters)
        raise OSError("no water")


def restarting(agent, ran, restart):
    @agent.command("work", restarts=True)
    def work(parameters):
        ran.append(parameters)
        restart()


def builtin(agent, ran, restart):
    pass


WORK = {"id": "c-1", "name": "work", "parameters": {"level": 5}}
OUTCOMES = {
    normal: ("done", "worked"),
    safe: ("done", "worked"),
    raising: ("failed", "OSError: no water"),
    restarting: ("done", "restarted"),
    builtin: ("done", "restarted"),
}
INTERRUPTED = ("failed", "interrupted: power on")


def commands_for(add):
    return [dict(WORK, name="reboot" if add is builtin else "work"), {"id": "c-2", "name": "unheard-of"}]


def check(add, story, fault, again=0):
    hub = story.hub
    history = hub.history()
    assert not hub.queue(), fault
    assert history[0] == ("in_progress", None) or len(history) == 1, (fault, history)
    assert [status for status, _ in history[:-1]] == ["in_progress"] * (len(history) - 1), (fault, history)
    assert hub.history(1)[-1][0] == "failed" and len(hub.history(1)) == 1, fault  # the next one had its turn
    # Nothing is left to do, now or after another start.
    asked = len(hub.asked)
    Story(hub, add).tell()
    assert len(hub.asked) == asked + again, (fault, hub.asked[asked:])
    return history[-1]


def wipe():
    if store.exists("commands.json"):
        os.remove("commands.json")


REQUEST_FAULTS = ["cut before", "cut after", "lost"]
NOT_ACTED_ON = [(500, {}), (429, {}), OSError(113)]


def test_whatever_happens_to_a_request_each_command_runs_and_is_reported_once():
    for add, outcome in OUTCOMES.items():
        wipe()
        count = len(Story(QueueHub(*commands_for(add)), add).tell().hub.asked)
        assert count == 6  # get, in progress, outcome; get, failed; get
        for number in range(1, count + 1):
            for what in REQUEST_FAULTS + (NOT_ACTED_ON if add is normal else []):
                fault = (add.__name__, number, what)
                wipe()
                story = Story(QueueHub(*commands_for(add), fault=(number, what)), add).tell()
                assert check(add, story, fault) == outcome, (fault, story.hub.history())
                if add is not builtin:
                    assert story.ran == [{"level": 5}], fault


def test_whenever_the_power_goes_at_a_save_nothing_runs_twice_but_what_is_safe():
    for add, outcome in OUTCOMES.items():
        wipe()
        count = Story(QueueHub(*commands_for(add)), add).tell().saves
        assert count == 3  # it runs; what it came to; the hub was told
        for number in range(1, count + 1):
            for what in ("cut before", "cut after"):
                fault = (add.__name__, number, what)
                wipe()
                story = Story(QueueHub(*commands_for(add)), add, (number, what)).tell()
                got = check(add, story, fault)
                # Between the first save and the second it was running, or nobody knows that it was over.
                running = (number, what) in ((1, "cut after"), (2, "cut before"))
                if running and add in (normal, raising, restarting):
                    assert got == INTERRUPTED, (fault, got)
                    assert len(story.ran) == number - 1, fault
                else:
                    assert got == outcome, (fault, got)
                    twice = running and add is safe and number == 2
                    if add is not builtin:
                        assert len(story.ran) == (2 if twice else 1), fault


def test_a_flash_that_is_full_for_a_moment():
    for add, outcome in OUTCOMES.items():
        for number in (1, 2, 3):
            wipe()
            story = Story(QueueHub(*commands_for(add)), add, (number, "full")).tell()
            # That the hub was told could not be remembered the third time: it is told, and asked for more, once again.
            got = check(add, story, (add.__name__, number), again=2 if number == 3 else 0)
            if number == 1:
                assert got[0] == "failed" and "ENOSPC" in got[1] and not story.ran
            else:
                assert got == outcome
                if add is not builtin:
                    assert len(story.ran) == 1


def test_a_handler_gets_its_parameters_and_its_message_comes_back():
    for gives, message in ((None, None), ("text", "text"), (5, "5"), ({}, "{}"), ("", ""), ("x" * 1001, "x" * 1000)):
        wipe()
        hub = QueueHub(dict(WORK))
        rig = Rig(requests=hub)
        got = []
        rig.agent.command("work")(lambda parameters, got=got, gives=gives: got.append(parameters) or gives)
        rig.agent.step()
        assert got == [{"level": 5}]
        assert hub.history() == [("in_progress", None), ("done", message)]
    for parameters in ({}, {"parameters": None}, {"parameters": {}}):
        wipe()
        hub = QueueHub(dict({"id": "c-1", "name": "work"}, **parameters))
        rig = Rig(requests=hub)
        rig.agent.command("work")(got.append)
        rig.agent.step()
        assert got[-1] == {} and hub.history()[-1] == ("done", None)


def test_what_cannot_be_run_is_refused_by_what_is_wrong():
    for command, words in (
        ({"name": "wrok"}, ("dump", "reboot", "work")),
        ({"name": None}, ("dump", "reboot", "work")),
        ({"name": ["work"]}, ("work",)),
        ({}, ("work",)),
        ({"name": "work", "parameters": [1]}, ("parameters", "object")),
        ({"name": "work", "parameters": "level"}, ("parameters", "object")),
    ):
        hub = QueueHub(dict(command, id="c-1"))
        rig = Rig(requests=hub)
        rig.agent.command("work")(lambda parameters: 1 / 0)
        rig.agent.step()
        status, message = hub.history()[-1]
        assert status == "failed" and len(hub.history()) == 1
        assert all(word in message for word in words), message
        assert not hub.queue() and not store.exists("commands.json")


def test_a_command_without_an_id_does_not_slow_telemetry():
    for command in ({"id": None, "name": "work"}, {"id": 5, "name": "work"}, {"name": "work"}, [], "work", 5):
        rig = Rig((200, {"command": True}), (200, command), ACCEPTED)
        rig.agent.command("work")(lambda parameters: 1 / 0)
        assert all(wait > 50 for wait in rig.steps(3))
        assert rig.paths()[2:] == [TELEMETRY] * 2 or command == []


def test_nothing_pending_ends_it():
    for answer in ((200, {}), (200, b""), (204, b""), (404, {"error": "none"}), (200, None)):
        rig = Rig((200, {"command": True}), answer, ACCEPTED)
        rig.steps(3)
        assert rig.paths() == [TELEMETRY, "GET /devices/d-1/command", TELEMETRY, TELEMETRY]


def test_a_child_has_no_commands_of_the_board():
    for name in ("reboot", "dump"):
        hub = QueueHub({"id": "c-1", "name": name})
        rig = Rig(requests=hub)
        rig.agent.is_board = False
        rig.agent.step()
        assert hub.history()[-1][0] == "failed" and not rig.board.resets


def test_a_users_handler_stands_in_for_one_of_the_board():
    hub = QueueHub({"id": "c-1", "name": "reboot"})
    rig = Rig(requests=hub)
    rig.agent.command("reboot")(lambda parameters: "not now")
    rig.agent.step()
    assert hub.history()[-1] == ("done", "not now") and not rig.board.resets


def test_telemetry_goes_on_between_many_commands():
    hub = QueueHub(*[{"id": "c-%d" % n, "name": "work"} for n in range(7)])
    rig = Rig(requests=hub)
    ran = []
    rig.agent.command("work")(lambda parameters: ran.append(hub.telemetries))
    rig.steps(4)
    assert ran == [1, 1, 1, 2, 2, 2, 3]
    assert not hub.queue()


def test_a_handler_that_needs_too_much_memory_has_failed_and_the_rest_goes_on():
    def greedy(parameters):
        raise MemoryError("memory allocation failed")

    hub = QueueHub(dict(WORK))
    rig = Rig(requests=hub)
    rig.agent.command("work")(greedy)
    assert rig.agent.step() > 50
    assert hub.history()[-1] == ("failed", "MemoryError: memory allocation failed")


def test_what_a_handler_raises_or_returns_hurts_nobody():
    class Bad(Exception):
        def __str__(self):
            raise ValueError("no text")

    class Mute:
        def __str__(self):
            raise OSError("no text")

    def bad(parameters):
        raise Bad

    def unauthorized(parameters):
        raise errors.Unauthorized("GET elsewhere", 401)

    for handler, words in ((bad, "Bad: ?"), (lambda parameters: Mute(), "no text"), (unauthorized, "elsewhere")):
        wipe()
        hub = QueueHub(dict(WORK))
        rig = Rig(requests=hub)
        rig.agent.command("work")(handler)
        assert rig.agent.step() > 50
        status, message = hub.history()[-1]
        assert status == "failed" and words in message


def test_a_handlers_message_may_hold_anything():
    hub = QueueHub(dict(WORK))
    rig = Rig(requests=hub)
    rig.agent.command("work")(lambda parameters: 'a\n"b"\x00 \u00e4')
    rig.agent.step()
    assert hub.history()[-1] == ("done", 'a\n"b"\x00 \u00e4')
    assert store.load("commands.json")["report"]["message"] == 'a\n"b"\x00 \u00e4'


def test_an_update_that_the_power_kept_from_beginning_is_begun():
    wipe()
    update = {"url": "http://store/1.1.0", "version": "1.1.0", "checksum": "0" * 64, "signature": "c2lnbg=="}
    hub = QueueHub(dict(WORK, name="update_firmware", parameters=update))
    real = store.save

    def cut(path, data):
        if path == "update.json":
            raise PowerCut
        return real(path, data)

    store.save = cut
    try:
        Rig(requests=hub, maker_key="MIIB").agent.step()
    except PowerCut:
        pass
    finally:
        store.save = real
    rig = Rig(requests=hub, maker_key="MIIB")
    rig.agent.duties = ("commands",)
    rig.steps(2)
    assert [status for status, _ in hub.history()] == ["in_progress", "in_progress"]
    state = store.load("update.json")
    assert (state["command"], state["step"]) == ("c-1", "download")
    assert store.load("commands.json")["report"]["status"] == "in_progress"
    state.update(step="done", message="runs 1.1.0")
    store.save("update.json", state)
    Rig(requests=hub, maker_key="MIIB").agent.step()
    assert hub.history()[-1] == ("done", "runs 1.1.0")


def test_ctrl_c_in_a_handler_reaches_the_repl_and_the_command_was_interrupted():
    for is_safe, outcome in ((False, ("failed", "interrupted: stopped")), (True, ("done", None))):
        wipe()
        hub = QueueHub(dict(WORK))
        rig = Rig(requests=hub)
        ran = []

        def stopped(parameters, ran=ran):
            ran.append(1)
            if len(ran) == 1:
                raise KeyboardInterrupt

        rig.agent.command("work", safe=is_safe, restarts=True)(stopped)
        try:
            rig.agent.step()
        except KeyboardInterrupt:
            ran.append("repl")
        rig.steps(2)  # the developer lets it go on
        assert ran == ([1, "repl", 1] if is_safe else [1, "repl"])
        assert hub.history()[-1] == outcome


def test_a_restart_by_accident_is_no_restart_by_the_handler():
    for cause, outcome in (
        ("hard reset", ("done", "restarted")),
        ("soft reset", ("done", "restarted")),
        ("deep sleep", ("done", "restarted")),
        ("power on", INTERRUPTED),
        ("watchdog", ("failed", "interrupted: watchdog")),
        ("unknown", ("failed", "interrupted: unknown")),
    ):
        wipe()
        hub = QueueHub(dict(WORK))
        rig = Rig(requests=hub)
        restarting(rig.agent, [], rig.board.reset)
        try:
            rig.agent.step()
        except SystemExit:
            pass
        rig = Rig(requests=hub)
        rig.board.cause = cause
        restarting(rig.agent, [], lambda: 1 / 0)
        rig.board.in_reach = False
        rig.agent.step()  # no network yet: by the next start it is known all the same
        rig = Rig(requests=hub)
        rig.board.cause = "hard reset"
        rig.agent.step()
        assert hub.history()[-1] == outcome


def test_an_outcome_that_the_flash_does_not_take_is_told_and_it_runs_no_more():
    hub = QueueHub(dict(WORK), fault=(3, "lost"))
    rig = Rig(requests=hub)
    real = store.save
    saves = []
    ran = []

    def full_after_the_first(path, data):
        saves.append(path)
        if len(saves) > 1:
            raise StoreError(path + ": [Errno 28] ENOSPC")
        real(path, data)

    normal(rig.agent, ran, None)
    store.save = full_after_the_first
    try:
        for _ in range(4):
            rig.agent.step()
            rig.ticks.now += HOUR_MS
    finally:
        store.save = real
    assert hub.history() == [("in_progress", None), ("done", "worked")] and len(ran) == 1
    hub.commands[0]["status"] = "in_progress"  # a hub that lost it gives it again
    rig.steps(2)
    assert hub.history()[2:] == [("done", "worked")] and len(ran) == 1


def test_a_flash_that_fails_again_is_said_again():
    hub = QueueHub()
    rig = Rig(requests=hub)
    normal(rig.agent, [], None)
    real = store.save
    is_full = [False]

    def save(path, data):
        if is_full[0] and data.get("report", {}).get("status") == "done":
            raise StoreError(path + ": [Errno 28] ENOSPC")
        real(path, data)

    store.save = save
    errors.log.clear()
    try:
        for n, is_full[0] in enumerate((True, False, True)):
            hub.commands.append(dict(WORK, id="c-%d" % n, status="pending", history=[]))
            rig.steps(2)
    finally:
        store.save = real
    assert [line for _, line in errors.log].count("command: StoreError: commands.json: [Errno 28] ENOSPC") == 2


class Stubborn(QueueHub):
    """Gives the same command for ever; `status` is its answer to every report."""

    status = 200

    def queue(self):
        return self.commands

    def update(self, report):
        self.commands[0]["history"].append((report["status"], report.get("message")))
        return self.status, {}


def test_a_hub_that_gives_the_same_command_for_ever():
    for status in (200, 400, 404, 422):
        for name in ("work", "unknown"):
            wipe()
            hub = Stubborn(dict(WORK, name=name))
            hub.status = status
            rig = Rig(requests=hub)
            ran = []
            normal(rig.agent, ran, None)
            assert all(wait > 50 for wait in rig.steps(20))
            assert len(ran) == (status == 200 and name == "work")
            assert len(hub.asked) <= 6  # then it waits longer and longer
            before = len(hub.asked)
            for _ in range(10):
                rig.ticks.now += HOUR_MS
                rig.agent.step()
            assert before + 10 <= len(hub.asked) <= before + 50
            assert hub.telemetries == 30 and len(ran) <= 1


def test_a_command_that_was_withdrawn_does_not_run():
    for status in (400, 404, 422):
        hub = QueueHub(dict(WORK), fault=(2, (status, {"error": "withdrawn"})))
        rig = Rig(requests=hub)
        ran = []
        normal(rig.agent, ran, None)
        hub.answer_real = hub.answer

        def answer(method, path, data, hub=hub):
            return (200, {}) if len(hub.asked) > 2 else hub.answer_real(method, path, data)

        hub.answer = answer
        rig.steps(2)
        assert not ran and not store.exists("commands.json")


def test_the_commands_of_the_device_that_it_was_before_are_none_of_its():
    store.save("commands.json", {"device": "d-0", "report": {"id": "c-0", "status": "in_progress"}})
    hub = QueueHub(dict(WORK))
    story = Story(hub, normal).tell()
    assert hub.history() == [("in_progress", None), ("done", "worked")] and len(story.ran) == 1
    assert not [data for _, _, data in hub.asked if data and json.loads(data)["id"] != "c-1"]


def test_a_start_asks_nothing_that_it_need_not():
    Story(QueueHub(dict(WORK)), normal).tell()
    hub = QueueHub()
    Story(hub, normal).tell()
    assert hub.telemetries == 4 and not hub.asked


def test_the_watchdog_is_fed_before_a_handler_runs():
    hub = QueueHub(dict(WORK))
    rig = Rig(requests=hub)
    fed = []
    real = hub.request

    def request(*args, **kwargs):
        fed.append(rig.board.fed)
        return real(*args, **kwargs)

    hub.request = request
    rig.agent.command("work")(lambda parameters: fed.append(rig.board.fed))
    rig.agent.step()
    # Telemetry, get, in progress, and then the handler.
    assert fed[3] > fed[2]


def test_the_outcome_is_on_flash_before_the_hub_hears_of_it():
    hub = QueueHub(dict(WORK))
    rig = Rig(requests=hub)
    seen = []
    real = hub.update

    def update(report):
        seen.append(
            (report["status"], store.exists("commands.json") and store.load("commands.json")["report"]["status"])
        )
        return real(report)

    hub.update = update

    def work(parameters):
        seen.append(store.load("commands.json")["report"]["status"])

    rig.agent.command("work")(work)
    rig.agent.step()
    assert seen == [("in_progress", False), "in_progress", ("done", "done")]
