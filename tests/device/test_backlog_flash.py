"""An agent whose telemetry waits on flash."""

import os

from telemetry import clock as clock_module
from test_backlog import Case

FLASH = {"in": "flash", "size": 16384}


def test_what_waited_arrives_after_a_restart_in_its_order():
    """Also if from then on it would wait in memory."""
    for outbox in (FLASH, {"in": "memory"}, {"policy": "latest"}):
        before = Case(outbox=FLASH)
        before.live(120)
        before.hub.is_away = True
        before.live(3600)
        before.agent.board.reset = lambda: None
        before.agent.restart()
        seconds = clock_module.time.seconds + before.ticks.now // 1000
        after = Case(outbox=outbox)
        clock_module.time.seconds = seconds
        after.live(600)
        waited = [(n, at) for n, at in after.hub.at_hub if at]
        taken = [(n, at[:19]) for n, at in before.taken]
        assert [(n, at[:19]) for n, at in waited] == taken[len(before.hub.at_hub) :]
        assert len(waited) >= 58 and after.agent.outbox is None and after.agent.dropped == 0
        assert os.listdir("outbox") == []


def test_a_restart_while_it_is_sent_sends_nothing_twice():
    case = Case(outbox=FLASH)
    case.live(120)
    case.hub.is_away = True
    case.live(3600)
    hub = case.hub
    hub.is_away = False
    for _ in range(12):
        case.live(60)
        case.agent.board.reset = lambda: None
        case.agent.restart()
        seconds = clock_module.time.seconds + case.ticks.now // 1000
        case = Case(outbox=FLASH)
        clock_module.time.seconds = seconds
        case.agent.hub.requests = case.requests = case.hub = hub
    times = [at for _, at in hub.at_hub if at]
    assert times == sorted(set(times)) and len(times) >= 59
