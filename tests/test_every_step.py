"""Each flow of the Device API with the power cut and the network gone at every step of it: before each request, between
each request and its reply, and in the middle of writing to flash. Afterwards hub and board agree, no command ran twice,
no configuration was skipped, and no licence was lost.

The agent runs on MicroPython with its own session, a LittleFS flash and 96 KiB of heap, before the local hub; see
tests/steps.
"""

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from steps.host import Life, Owner, compile_library, make

from tools.hub import LocalHub

WRITES_APART = 7  # of the writes to flash, every so manieth is one at which the power goes
REFUSALS_APART = 3  # and of the requests, one to which the hub says that it cannot; to the others it might as well
_number = itertools.count(1)


@dataclass(frozen=True)
class Flow:
    """`before`: what the hub has and the board takes up undisturbed. `asked`: what is asked then. `check`: what must be
    true in the end. `plan`: for life.py."""

    asked: Callable[[Owner], object]
    check: Callable[[Owner, Life], object]
    before: Callable[[Owner], object] | None = None
    plan: dict[str, Any] = field(default_factory=dict)


def _commands(owner: Owner) -> dict[str, tuple[str, str | None]]:
    return {each["name"]: (each["status"], each["message"]) for each in owner.hub.commands(owner.id)}


def _reported_once(owner: Owner) -> None:
    for command in owner.hub.commands(owner.id):
        assert [each["status"] for each in command["history"] if each["status"] != "in_progress"] == [command["status"]]


def _queue(*names: str) -> Callable[[Owner], None]:
    def queue(owner: Owner) -> None:
        for number, name in enumerate(names):
            owner.hub.queue_command(owner.id, name, {"n": number})

    return queue


def _check_commands(owner: Owner, _life: Life) -> None:
    outcome = _commands(owner)
    ran = [(each["name"], each["n"]) for each in owner.ran()]
    assert len(set(ran)) == len(ran), f"ran twice: {ran}"
    assert {name: status for name, (status, _) in outcome.items() if name in ("fails", "unknown")} == {
        "fails": "failed",
        "unknown": "failed",
    }
    status, message = outcome["blink"]
    # Whoever cuts the power in the middle of a command is told so.
    assert (status, message) == ("done", "blinked 0") or (status, message[:11]) == ("failed", "interrupted")
    assert "blink" in outcome["unknown"][1]
    assert "no lamp" in outcome["fails"][1] or "interrupted" in outcome["fails"][1]
    _reported_once(owner)


def _check_safe(owner: Owner, _life: Life) -> None:
    assert _commands(owner)["safe"][0] == "done"
    assert 1 <= len(owner.ran()) <= 2
    _reported_once(owner)


def _check_restart(owner: Owner, _life: Life) -> None:
    assert len(owner.ran()) <= 1
    status, message = _commands(owner)["restarts"]
    assert status == "done" or (status, message[:11]) == ("failed", "interrupted")
    _reported_once(owner)


def _check_reboot(owner: Owner, _life: Life) -> None:
    assert {name: status for name, (status, _) in _commands(owner).items()} == {"reboot": "done", "blink": "done"}
    _reported_once(owner)


def _set_config(**config: Any) -> Callable[[Owner], object]:
    return lambda owner: owner.hub.set_config(owner.id, config)


def _config_is(owner: Owner, life: Life, **expected: Any) -> None:
    told = owner.hub.device(owner.id)["config_version"]
    at_hub = owner.hub.config(owner.id)
    held = {key: value for key, value in life.at_end["config"].items() if value is not None}
    assert (held, at_hub["config"]) == (expected, expected)
    assert told == at_hub["version"]


def _check_refused(owner: Owner, life: Life) -> None:
    assert life.at_end["config"]["mode"] == "day" and life.at_end["config"]["refuse"] is None
    assert owner.hub.device(owner.id)["config_version"] == 1
    refused = [each for each in owner.hub.incidents(owner.id) if "not on this board" in each["description"]]
    assert 1 <= len(refused) <= 2  # one that a cut made it forget is told again, and the first is closed
    fetched = sum(each["path"].endswith("/config") for each in owner.hub.requests(owner.id))
    owner.live()
    assert sum(each["path"].endswith("/config") for each in owner.hub.requests(owner.id)) == fetched


def _feature(name: str) -> str:
    return '{"features": ["%s"]}' % name


def _give(*features: str) -> Callable[[Owner], None]:
    def give(owner: Owner) -> None:
        for name in features:
            owner.hub.give_license(owner.id, _feature(name))

    return give


def _change_licenses(owner: Owner) -> None:
    first, second = owner.hub.licenses(owner.id)
    owner.hub.take_license(owner.id, first["id"])
    owner.hub.update_license(owner.id, second["id"], expires_at="2020-01-01T00:00:00.000Z")
    owner.hub.give_license(owner.id, _feature("forged"), signature=base64.b64encode(bytes(256)).decode())
    owner.hub.give_license(owner.id, _feature("export"))


def _states(owner: Owner) -> list[str]:
    return [each["state"] for each in owner.hub.licenses(owner.id)]


def _check_given(owner: Owner, life: Life) -> None:
    assert life.at_end["licensed"] == ["recording", "export"]
    assert _states(owner) == ["inuse", "inuse"]


def _check_changed(owner: Owner, life: Life) -> None:
    assert life.at_end["licensed"] == ["export"]
    assert _states(owner) == ["removed", "inuse", "error", "inuse"]


def _move(owner: Owner) -> None:
    owner.hub.claim(owner.id, {"name": "Room 2"})
    owner.hub.set_info(owner.id, name="Lamp")


def _check_moved(owner: Owner, life: Life) -> None:
    assert (life.at_end["claimed"], life.at_end["space"], life.at_end["info"]) == (True, "Room 2", "Lamp")
    assert owner.hub.device(owner.id)["space_version"] == 1


def _check_unclaimed(owner: Owner, life: Life) -> None:
    assert (life.at_end["claimed"], life.at_end["space"]) == (False, None)


FLOWS = {
    "commands": Flow(_queue("blink", "fails", "unknown"), _check_commands),
    "safe command": Flow(_queue("safe"), _check_safe),
    "command that restarts": Flow(_queue("restarts"), _check_restart),
    "reboot": Flow(_queue("reboot", "blink"), _check_reboot),
    "config": Flow(
        _set_config(mode="night"),
        lambda owner, life: _config_is(owner, life, mode="night"),
        before=_set_config(mode="day", interval=5),
    ),
    "config refused": Flow(
        _set_config(mode="night", refuse=True),
        _check_refused,
        before=lambda owner: (owner.hub.claim(owner.id), owner.hub.set_config(owner.id, {"mode": "day"})),
    ),
    "config set on the board": Flow(
        lambda owner: None,
        lambda owner, life: _config_is(owner, life, mode="day", own=1),
        before=_set_config(mode="day"),
        plan={"set": {"own": 1}, "set at step": 1},
    ),
    "config of both": Flow(
        _set_config(mode="night"),
        lambda owner, life: _config_is(owner, life, mode="night", own=1),
        before=_set_config(mode="day"),
        plan={"set": {"own": 1}, "set at step": 0},
    ),
    "licences given": Flow(_give("recording", "export"), _check_given),
    "licences changed": Flow(_change_licenses, _check_changed, before=_give("recording", "export")),
    "space and info": Flow(_move, _check_moved),
    "unclaimed": Flow(
        lambda owner: owner.hub.unclaim(owner.id), _check_unclaimed, before=lambda owner: owner.hub.claim(owner.id)
    ),
}


@pytest.fixture(scope="module")
def a_hub():
    with LocalHub() as hub:
        yield hub


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compiled")
    compile_library(folder)
    return folder


@pytest.fixture
def new(flow, a_hub, compiled, tmp_path):
    """Makes a board that is up to where the flow begins."""
    return lambda: prepared(a_hub, compiled, tmp_path, flow)


def prepared(hub: LocalHub, lib: Path, folder: Path, flow: Flow) -> Owner:
    owner = make(hub, lib, folder, next(_number), maker_key=base64.b64encode(hub.license_key).decode())
    if flow.before:
        flow.before(owner)
        assert owner.live().end == "END"
    owner.plan |= flow.plan
    flow.asked(owner)
    return owner


@pytest.fixture(params=FLOWS)
def flow(request):
    return FLOWS[request.param]


def test_undisturbed(flow, new):
    owner = new()
    flow.check(owner, owner.until_settled())


def _everything(owner: Owner) -> None:
    _queue("blink", "fails", "unknown", "dump")(owner)
    _set_config(mode="night")(owner)
    _give("recording", "export")(owner)
    _move(owner)
    owner.hub.publish("1.1.0")


def test_everything_at_once_in_100_kib(a_hub, compiled, tmp_path):
    flow = Flow(_everything, lambda owner, life: None, plan={"everything": True, "set": {"own": 1}, "set at step": 100})
    owner = prepared(a_hub, compiled, tmp_path, flow)
    life = owner.live(**{"at least steps": 200, "steps": 250})
    print(life.at_end, life.console)
    assert owner.hub.device(owner.id)["telemetry_count"] >= 200
    assert {status for status, _ in _commands(owner).values()} == {"done", "failed"}
    assert _commands(owner)["dump"][0] == "done", _commands(owner)["dump"]
    assert len(owner.hub.dumps(owner.id)) == 1
    _config_is(owner, life, mode="night", own=1)
    _check_given(owner, life)
    _check_moved(owner, life)
    assert len(owner.hub.children(owner.id)) == 1 and len(owner.hub.device_events(owner.id)) >= 1
    assert not [each for each in owner.hub.incidents(owner.id) if each["status"] == "open"]


@pytest.mark.parametrize("cut", ["cut before request", "cut after request", "cut at write"])
def test_the_power_goes(flow, cut, new):
    step = WRITES_APART if cut == "cut at write" else 1
    for at in itertools.count(1, step):
        owner = new()
        life = owner.until_settled(**{cut: at})
        flow.check(owner, life)
        if owner.lives[-1].end == "END" and not any(each.end == "CUT" for each in owner.lives):
            break
    assert at > 2


@pytest.mark.parametrize(
    "fault", [{"kind": "refuse"}, {"kind": "lose"}, {"kind": "status", "status": 503}], ids=lambda fault: fault["kind"]
)
def test_the_network_goes(flow, fault, a_hub, new):
    for skip in itertools.count(0, REFUSALS_APART if "status" in fault else 1):
        owner = new()
        number = a_hub.fault(**fault, device_id=owner.id, skip=skip, count=1)
        life = owner.until_settled()
        never_came = any(each["number"] == number for each in a_hub.faults())
        a_hub.clear_faults()
        flow.check(owner, life)
        if never_came:
            break
    assert skip > 1
