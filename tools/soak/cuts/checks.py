"""What must be true in the end, whatever the power did."""

from life import stamp


def announced(*versions):
    def check(life):
        now = life.world.now
        told = now["announced"]
        assert set(told) == set(versions), told
        assert len(told) <= len(versions) + now["cuts"], told
        saved = now["saved"]["version.json"]
        highest = versions[-1] if versions else now["running"]
        assert saved == {"curr_ver": now["running"], "latest_ver": highest}, saved

    return check


def identified(most):
    """By the key that the hub gave last, and no more often than a cut took the answer away."""

    def check(life):
        now = life.world.now
        identity = now["saved"]["identity.json"]
        assert identity["access_key"] == now["device"]["key"] == life.agent.hub.identity["access_key"]
        assert identity["firmware_version"] == now["running"] == now["device"]["told"]["firmware_version"]
        assert now["given"] <= most + now["cuts"], now["given"]

    return check


def configured(**config):
    def check(life):
        now = life.world.now
        device = now["device"]
        assert device["config"] == config == now["applied"], (device["config"], now["applied"])
        for key in ("mode", "refuse", "own"):
            assert life.agent.config.get(key) == config.get(key)
        assert device["told"]["config_version"] == device["config_version"]
        assert not now["saved"]["config.json"]["changes"]

    return check


def refused(**config):
    """What the hub has is refused, `config` is in force, and the operator was told."""

    def check(life):
        now = life.world.now
        device = now["device"]
        assert now["applied"] == config and life.agent.config.get("mode") == config["mode"]
        assert device["told"]["config_version"] < device["config_version"]
        issues = [each for each in device["incidents"] if each["issue"] == "on_config"]
        assert 1 <= len(issues) <= 1 + now["cuts"], device["incidents"]

    return check


def licensed(*features, states):
    def check(life):
        agent = life.agent
        assert tuple(name for name in ("recording", "playback", "export") if agent.licensed(name)) == features
        device = life.world.now["device"]
        assert not device["changes"]
        assert ", ".join(" ".join(each) for each in device["states"]) == states, device["states"]

    return check


_ENDS = {"blink": "done", "fails": "failed", "unknown": "failed", "safe": "done", "restarts": "done", "reboot": "done"}


def done(life):
    """Each command once, and its end reported once: as it is without a cut, or that one came between."""
    now = life.world.now
    ran = now["ran"]
    for command in now["device"]["commands"]:
        n = command["parameters"]["n"]
        name = command["name"]
        assert ran.count(n) <= (1 + now["cuts"] if name == "safe" else 1), (name, ran)
        ends = [each for each in command["history"] if each[0] != "in_progress"]
        assert len(ends) == 1, command
        status, message = ends[0]
        if (message or "")[:11] == "interrupted":
            assert now["cuts"] and status == "failed" and name in ("blink", "fails", "restarts"), command
        else:
            assert status == _ENDS[name], command
            assert ran.count(n) or name in ("unknown", "reboot"), command


def noticed(life):
    """Open at the hub is what the program holds open: nothing of a life before."""
    incidents = life.world.now["device"]["incidents"]
    held = [life.held.id] if life.held else []
    assert [each["id"] for each in incidents if each["status"] == "open"] == held, incidents
    assert len(incidents) <= 2 * (1 + life.world.now["cuts"]), incidents


def placed(name):
    def check(life):
        agent = life.agent
        assert agent.claimed == (name is not None) and agent.space.get("name") == name
        device = life.world.now["device"]
        assert device["told"]["space_version"] == (device["space_version"] if name else 0)

    return check


def upgraded(life):
    now = life.world.now
    assert now["announced"] == ["1.1.0"] and now["saved"]["version.json"]["latest_ver"] == "1.3.0"
    identified(1)(life)


def set_is(**config):
    """As the user's program and the hub together made it."""

    def check(life):
        now = life.world.now
        assert now["device"]["config"] == config == now["saved"]["config.json"]["config"]
        assert now["device"]["told"]["config_version"] == now["device"]["config_version"]
        assert not now["saved"]["config.json"]["changes"]

    return check


def started(life):
    """In safe mode after three starts that came to nothing, and as ever when it is over. A cut is such a start too."""
    now = life.world.now
    crashes = life.flow.crashes
    assert now["crashes"] == crashes
    assert bool(now["safe"]) <= (crashes + now["cuts"] >= 3), now["safe"]
    assert (crashes >= 3) <= now["safe"] <= 1 + now["cuts"], now["safe"]
    assert now["saved"]["starts.json"]["starts"] == 0


_BATCH_MS = 700 * 1000  # what waits for flash at most, and a step
_STEP = 10  # messages that are sent before it is noted how far


def arrived(life):
    """Every sample, in order, with its time, but those that had not gone to flash yet; and none twice, but those of the
    step in which the power went."""
    assert not _lost(life), (_lost(life), life.world.now["taken"])


def newest_arrived(life):
    """As many as there is room for."""
    lost = _lost(life)
    assert not lost or max(lost) < life.world.now["taken"][-1][0] - 6, lost


def _lost(life):
    now = life.world.now
    when = dict(now["taken"])
    late = [each for each in now["got"] if each[1]]
    for n, timestamp in late:
        assert timestamp == stamp(when[n]), (n, timestamp, stamp(when[n]))
    again = 0
    for (n, _), (after, _) in zip(late, late[1:]):
        if after <= n:
            again += 1
            assert n - after < _STEP, late
    assert again <= now["cuts"], late
    got = {n for n, _ in now["got"]}
    return [n for n in when if n not in got and not _in_memory(now, n, when[n])]


def _in_memory(now, n, ms):
    # When the power went.
    return any(n < taken and ms >= min(at, now.get("back_ms", at)) - _BATCH_MS for taken, at in now["ends"])
