"""A newer firmware: its user is told, once, and may say yes."""

from . import errors, once

if False:  # for the type checker
    from .agent import Agent


def announce(agent: "Agent", version: str | None, file_id: str | None) -> None:
    """Tells the user, once, that the firmware `version` is there; None: there is no other than ours."""
    running = agent.facts["firmware_version"]
    firmware = agent.unsaved or once("firmware", "Firmware", agent.folder + "version.json", running)
    is_upgrade = is_news = False
    try:
        if version is not None:
            is_upgrade = firmware.is_upgrade(version)
            is_news = is_upgrade and firmware.is_news(version)
    except ValueError as error:
        agent.report("new firmware", errors.ReplyError(str(error)))
    agent.upgrade = (version, file_id) if is_upgrade else None
    if not is_upgrade:
        agent.ask_no_more()  # what was offered is there no more
    if not is_news or (
        once("store", "exists", agent.folder + "update.json") and once("update", "refused", agent, version)
    ):
        return
    # Told first, remembered then: a power cut between shows it twice, and never not at all.
    if agent.show is None or not _attempt(agent, "on_new_firmware", agent.show, version, file_id):
        agent.notifier = notifier = once("notifier", "Notifier", agent.board)
        notifier.show(version)
    agent.unsaved = None if agent.guard("version file", firmware.announced, version) else firmware


def _attempt(agent, what, function, *arguments):
    # As `guard`, for a function of the user's.
    agent.board.doing = what
    agent.board.feed()
    try:
        function(*arguments)
    except Exception as error:
        agent.fault(what, error)
        return False
    finally:
        agent.board.doing = None
    agent.settled(what)
    return True


def accept(agent: "Agent") -> bool:
    """See `Agent.accept_upgrade`."""
    upgrade = agent.upgrade or ()
    agent.upgrade = None  # for a handler that calls this again
    try:
        if agent.upgrader:
            is_accepted = _attempt(agent, "upgrade", agent.upgrader, *upgrade)
        else:
            is_accepted = agent.guard("upgrade", once, "update", "start", agent, *upgrade)
    finally:
        agent.upgrade = upgrade
    if is_accepted:
        agent.ask_no_more()  # only now: who pressed the button in vain may press it again
    return is_accepted
