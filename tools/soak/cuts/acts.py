"""What the operator, the hub or the user's program does once all has settled."""

signed = {}  # by the maker of the host: text -> signature


def nothing(life):
    """It is enough that it lives."""


def publish(version):
    def act(life):
        life.world.now["device"]["firmware"] = version

    return act


def runs(version):
    """The program is another version from the next start on, which is now."""

    def act(life):
        now = life.world.now
        if now["running"] != version:
            now["running"] = version
            life.world.touch()
            life.board.reset()

    return act


def configure(**config):
    def act(life):
        device = life.world.now["device"]
        device["config"] = config
        device["config_version"] += 1

    return act


def set_here(**changes):
    def act(life):
        life.agent.config.set(**changes)

    return act


def license(license_id, data, action="add", expires_at=None, signature=None):
    def act(life):
        device = life.world.now["device"]
        change = {"id": license_id, "device_id": device["id"], "data": data, "action": action, "expires_at": expires_at}
        change["signature"] = signature or signed.get(data)
        change["current_time"] = "2026-05-01T11:00:00.000Z"
        device["changes"].append(change)

    return act


def queue(*names):
    def act(life):
        now = life.world.now
        commands = now["device"]["commands"]
        for name in names:
            now["queued"] = n = now["queued"] + 1
            command = {"id": "c-%d" % n, "name": name, "parameters": {"n": n}, "status": "pending", "history": []}
            commands.append(command)

    return act


def notice(life):
    """The program opens an incident, and closes another."""
    agent = life.agent
    agent.incident("Too warm", "warm").close()
    life.held = agent.incident("Water leak", "leak", 3)


def claim(name):
    def act(life):
        device = life.world.now["device"]
        device["space"] = {"name": name}
        device["space_version"] += 1

    return act


def unclaim(life):
    life.world.now["device"]["space"] = None


def delete(life):
    life.world.now["device"] = None


def moves(entry_url):
    """It registers at another server from the next start on, which is now."""

    def act(life):
        now = life.world.now
        if now["entry_url"] != entry_url:
            now["entry_url"] = entry_url
            now["device"] = None
            life.world.touch()
            life.board.reset()

    return act


def refuses(life):
    life.world.now["refuses"] = True
    life.world.now["device"] = None


def doubts(life):
    """For a while the hub takes no key, and the device registers again: in vain, as it is known."""
    life.world.now["doubts"] = life.world.now["refuses"] = True


def trusts(life):
    life.world.now["doubts"] = False


def relents(life):
    life.world.now["refuses"] = False


def outage(samples):
    """The network goes, and so much time that so many samples are taken."""

    def act(life):
        life.world.now["down"] = True
        for _ in range(samples):
            life.step()

    return act


def returns(life):
    life.world.now["down"] = False
    life.world.now["back_ms"] = life.world.now["ms"]


def restart(life):
    """On purpose."""
    now = life.world.now
    now["acts"] += 1
    life.world.touch()
    life.agent.restart()
