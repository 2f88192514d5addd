"""What a user's functions do to the agent that calls them."""

from queue_hub import PowerCut, QueueHub
from rig import ACCEPTED, TELEMETRY, Rig
from support import raises
from telemetry import store


def test_no_command_runs_twice_whatever_a_handler_that_calls_the_agents_step_meets():
    met = 0
    for number in range(1, 20):
        for what in ("cut before", "cut after", "lost", (503, {})):
            store.save("commands.json", {"device": "another"})
            commands = [{"id": str(n), "name": name, "parameters": {}} for n, name in enumerate(("steps", "work"))]
            hub = QueueHub(*commands, fault=(number, what))
            ran = []
            for _ in range(3):
                live(hub, ran)
            met += len(hub.asked) >= number
            assert sorted(ran) in (["steps", "work"], ["work"], ["steps"]), (number, what, ran)
            assert not hub.queue()
            if what == (503, {}):
                assert hub.history()[-1] == ("failed", "RuntimeError: step: called by what it calls")
    assert met > 10


def live(hub, ran):
    rig = Rig(requests=hub)

    @rig.agent.command("steps")
    def steps(parameters):
        ran.append("steps")
        rig.agent.step()

    @rig.agent.command("work")
    def work(parameters):
        ran.append("work")

    try:
        for _ in range(4):
            rig.agent.step()
            rig.ticks.now += 3600 * 1000
    except PowerCut:
        pass


def test_a_step_in_a_step_costs_its_function_only():
    rig = Rig(ACCEPTED)

    @rig.agent.telemetry
    def eager():
        rig.agent.step()

    @rig.agent.telemetry
    def read():
        return {"level": 5}

    rig.steps(2)
    assert rig.paths().count(TELEMETRY) == 2
    assert rig.requests.sent[0][3]["telemetries"] == {"level": 5}
    assert "RuntimeError: step" in rig.requests.sent[0][3]["message"]


def test_whatever_ends_the_program_but_who_wants_its_end_starts_the_board_anew():
    class Own(BaseException):
        pass

    for error in (GeneratorExit(), Own("odd"), RuntimeError("recursion")):
        rig = Rig(ACCEPTED)
        rig.agent.wait = fails(error)
        raises(SystemExit, rig.agent.run)
        assert rig.board.resets == 1 and type(error).__name__ in store.load("crash.json")["trace"]
    for error in (KeyboardInterrupt(), SystemExit()):
        rig = Rig(ACCEPTED)
        rig.agent.wait = fails(error)
        raises(type(error), rig.agent.run)
        assert rig.board.resets == 0


def fails(error):
    def function(*_):
        raise error

    return function
