"""Incidents and events, which the hub hears of as soon as it can be reached (Device API, open incident, add event).

An incident is opened once, also if the hub's answer to that is lost. An event is sent until the hub answers: if its
answer is lost, the hub has the event twice.
"""

from micropython import const

from . import errors
from .handles import Incident

if False:  # for the type checker
    from .device import Device

_MOST = const(20)  # incidents of a device, and events
_AT_ONCE = const(5)  # events that are sent before telemetry goes on
_NOTE = const(2000)  # characters of a description; the rest is cut off


def open_one(device: "Device", title: str, issue: str, priority: int, description: str) -> Incident:
    """See `Device.incident`. Gives the one that is open for `issue`, if there is one. Raises ValueError."""
    fields = {"title": title, "issue": issue, "priority": priority, "description": str(description)[:_NOTE]}
    _check(fields)
    _sweep(device)
    for incident in device.notices:
        if incident.fields["issue"] == issue and not incident.is_closed:
            return incident
    incident = Incident(device, fields)
    incident.is_doubtful = device.crash_loop is not None  # the run before may have opened it
    device.notices.append(incident)
    if _is_full(device, device.notices):
        device.notices.pop()
        incident.id = ""  # nobody waits for the hub to have it
    return incident


def open_for(device: "Device", topic, title: str, issue: str, priority: int, error: BaseException) -> None:
    """One that is open until `topic`, as `Device.settled` has it, works again."""
    incident = device.faults.get(topic)
    if incident is None or incident.is_closed:  # closed by another one's success, which goes by the same name
        device.faults[topic] = open_one(device, title, issue, priority, errors.described(error))


def add_event(device: "Device", name: str, category: str, keys: dict) -> None:
    """See `Device.event`. Raises ValueError."""
    keys.update(name=name, category=category)
    _check(keys)
    device.events = events = device.events or []
    events.append(keys)
    if _is_full(device, events):
        events.pop(0)


def _is_full(device, waiting):
    device.due.setdefault("incidents", 0)
    is_full = len(waiting) > _MOST
    if is_full:
        device.report("notices", errors.MessageError("too many: the hub is not told of all"))
    return is_full


def _check(fields):
    # What can be sent at all; the hub says what else is wrong.
    for name in fields:
        if type(fields[name]) not in (str, int):
            raise ValueError(name + ": expected a text or a whole number")


def _sweep(device):
    kept = []
    for incident in device.notices:
        if incident.id or incident.is_doubtful or not incident.is_closed:
            kept.append(incident)
    device.notices = kept


def begin(device: "Device") -> None:
    """Incidents of the run before may be open: nothing here knows of them any more."""
    device.left_open = device.load("incidents").get("open", False)
    device.due["incidents"] = 0


def attend(device: "Device") -> int | None:
    """Closes what the run before left open, then sends what waits, the oldest first. Raises as `Device.ask`."""
    if device.left_open and not device.crash_loop:
        _ask(device, "DELETE /incidents")
        device.left_open = False
        if not device.notices:
            device.save("incidents", {"open": False})
    for incident in device.notices:
        _tell(device, incident)
    _sweep(device)
    events = device.events or []
    for event in events[:_AT_ONCE]:
        _ask(device, "POST /events", None, event)
        events.remove(event)
    return 0 if events else None


def _tell(device, incident):
    if incident.is_doubtful:
        # It was sent, and the answer got lost: the hub has it, or not. Who cannot find out opens it: rather twice than
        # never. For that a list that memory does not hold is no reason to start anew.
        try:
            for each in _ask(device, "GET /incidents", list) or ():
                if each["status"] == "open" and each["issue"] == incident.fields["issue"]:
                    incident.id = str(each["id"])
        except (KeyError, TypeError, MemoryError):
            pass
        incident.is_doubtful = False
    if incident.id is None and not incident.is_closed:
        # Noted on flash first; but better one that a restart leaves open than none.
        device.guard("incidents.json", device.save, "incidents", {"open": True})
        incident.is_doubtful = True
        reply = _ask(device, "POST /incidents", dict, incident.fields) or {}
        incident.is_doubtful = False
        incident.id = str(reply.get("incident_id") or "")
    if incident.is_closed and incident.id:
        _ask(device, "DELETE /incidents/%s", None, None, incident.id)
        incident.id = None


def _ask(device, *request):
    # None if it is of no use to ask again: that keeps nothing else from being sent.
    device.board.feed()
    try:
        return device.ask(*request)
    except (errors.Rejected, errors.NotFound, errors.ReplyError, errors.BodyTooLarge) as error:
        if "POST" in request[0]:  # else it is gone
            device.report("notices", error)
