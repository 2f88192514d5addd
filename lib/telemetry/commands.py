"""Does what the hub commands, each command once (Device API, get command and update command).

A journal on flash has the last one: its report `in_progress` before its handler runs, then the report of what it came
to, and whether the hub was told. So power may go, or an answer get lost, at any point: what ran is only told again.
"""

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .device import Device

_AT_ONCE = const(3)  # commands; then telemetry goes on
_MAX_MESSAGE = const(1000)  # characters


def begin(device: "Device") -> None:
    """After a start: what a command came to that ran when the board stopped."""
    if _last(device).get("due"):
        device.due["commands"] = 0


def attend(device: "Device") -> float | None:
    """Runs what is pending. 0: there may be more."""
    journal = _last(device)
    done = None
    for n in range(_AT_ONCE + 1):
        report = journal.get("report", {})
        if report.get("status") == "in_progress":
            return None  # an update, which has it done again when it is over
        if journal.get("due"):
            done = report["id"]
            _tell(device, report)  # a hub that wants no such report is as good as told
            journal["due"] = False
            _keep(device, journal)
        if n == _AT_ONCE:
            break
        command = _ask(device, "GET /command", dict)
        if not command:
            return None
        id = command.get("id")
        if not isinstance(id, str):
            raise errors.ReplyError("id: expected a text")
        if id == done:
            raise errors.ReplyError("the hub takes no report of command " + id)
        if id == report.get("id"):
            journal["due"] = True  # it ran: its report was lost
        else:
            journal = _do(device, {"id": id}, str(command.get("name")), command.get("parameters") or {}) or journal
        done = id
    return 0


def _do(device, report, name, parameters):
    # Gives back the journal, if it is another then.
    handlers = {}
    label = ""
    if device.is_board:
        label = device.label  # in safe mode it says so
        handlers = {
            "dump": ("dump", False, False),
            "reboot": ("dump", True, True),
            "update_firmware": ("update", True, "update"),
        }
    handlers.update(device.handlers)
    wrong = ""
    if name not in handlers:
        wrong = label + "name: expected one of " + ", ".join(sorted(handlers))
    elif not isinstance(parameters, dict):
        wrong = "parameters: expected an object"
    else:
        function, safe, restarts = handlers[name]
        report["status"] = "in_progress"
        if _tell(device, report) is False:
            return None  # it was withdrawn
        try:
            journal = {"report": report, "safe": safe, "restarts": restarts, "due": True}
            device.save("commands", journal)
        except errors.StoreError as error:
            device.report("command", error)
            wrong = "not run: %s" % error
    if wrong:
        _tell(device, _ended(report, "failed", wrong))
        return None
    device.journal = journal  # whatever happens from here on: it ran
    device.board.doing = what = "command " + name
    device.board.feed()
    try:
        # Else the name of a module of ours.
        message = function(parameters) if callable(function) else once(function, name, device, parameters)
        if message is ...:  # it goes on, after restarts too
            device.journal = None
            return journal
        _ended(report, "done", message if message is None else str(message))
    except Exception as error:  # MemoryError too: it is the handler that needs too much
        device.report(what, error)
        _ended(report, "failed", errors.described(error))
    _keep(device, journal)
    return journal


def _last(device):
    # The journal of the last command, which runs no more.
    journal = device.journal
    why = "stopped"  # by Ctrl-C, or for want of memory
    if journal is None:
        journal = device.load("commands")
        why = device.board.reset_cause()
    report = journal.get("report", {})
    if report.get("status") == "in_progress":
        restarts = journal["restarts"]
        outcome: tuple | None = ()
        if isinstance(restarts, str):  # it went on: this module of ours knows for how long, and what it came to
            outcome = once(restarts, "outcome", device, report["id"])
        elif restarts and why[5:] in ("reset", "sleep"):  # hard, soft, deep: not an accident
            outcome = "done", "restarted"
        if outcome is None:
            return journal
        if journal["safe"] and not outcome:
            journal = {}  # the hub gives it again
        else:
            _ended(report, *(outcome or ("failed", "interrupted: " + why)))
        _keep(device, journal)
    return journal


def _ended(report, status, message):
    report["status"] = status
    if message is not None:
        report["message"] = message[:_MAX_MESSAGE]
    return report


def _keep(device, journal):
    device.journal = journal
    if device.guard("command", device.save, "commands", journal):  # else memory has it
        device.journal = None


def _tell(device, report):
    return _ask(device, "POST /command", None, report)


def _ask(device, *request):
    # False: the hub has no such command, or it is finished.
    try:
        return device.ask(*request)
    except (errors.Rejected, errors.NotFound):
        return False
