"""What the agent tells the watchdog, and with it whoever asks after a reset what hung."""

from rig import ACCEPTED, Rig
from support import raises


def watched(*answers, **settings):
    """A rig, and what was being done at each feed, without what follows in a row."""
    rig = Rig(*answers, **settings)
    done = []

    def feed():
        doing = getattr(rig.board, "doing", None)
        doing = getattr(doing, "__name__", doing)
        if not done or done[-1] != doing:
            done.append(doing)

    rig.board.feed = feed
    rig.board.doing = None
    return rig, done


def test_duties_and_commands_are_named():
    command = {"id": "c-1", "status": "pending", "name": "open", "parameters": {}}
    asked = (200, {"success": True, "command": True, "config_version": 1})
    config = (200, {"version": 1, "config": {"a": 1}})
    rig, done = watched(asked, config, (200, command), (200, {}), (200, {}), (200, {}), ACCEPTED)

    @rig.agent.on_config
    def apply(config):
        assert rig.board.doing == "config"

    @rig.agent.command("open")
    def unlock(parameters):
        assert rig.board.doing == "command open"
        return "open"

    rig.steps(1)
    assert done.index("config") < done.index("command open") and rig.board.doing is None
    assert {"id": "c-1", "status": "done", "message": "open"} in [body for _, _, _, body in rig.requests.sent]


def test_who_installs_or_announces_is_named():
    rig, done = watched((200, {"success": True, "latest_fw_version": "2.0.0", "latest_fw_file_id": "f"}))

    @rig.agent.on_new_firmware
    def show(version, file_id):
        assert rig.board.doing == "on_new_firmware"
        raise OSError(5)

    @rig.agent.on_upgrade
    def install(version, file_id):
        assert rig.board.doing == "upgrade"

    rig.steps(1)
    assert rig.agent.accept_upgrade()
    assert "on_new_firmware" in done and "upgrade" in done and rig.board.doing is None


def test_a_person_at_the_repl_is_left_alone_and_run_watches_again():
    rig = Rig(ACCEPTED)

    def stop(seconds):
        assert rig.board.wdt is None
        raise KeyboardInterrupt

    rig.agent.wait = stop
    for n in (1, 2):
        raises(KeyboardInterrupt, rig.agent.run)
        assert rig.board.rested == n
        rig.board.wdt = "waits for a week"
