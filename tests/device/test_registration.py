from fakes import Requests
from support import raises
from telemetry import identity, store
from telemetry.errors import Corrupt, NetworkError, Rejected, ReplyError, StoreError
from telemetry.hub import Hub
from telemetry.registration import Registration

ENTRY = "http://entry"
IDENTITY = {"id": "d-1", "access_key": "key-1", "hub_url": "http://hub"}
KEPT = dict(IDENTITY, entry_url=ENTRY, firmware_version="1.0.0")


def start(*answers):
    """What a restart of the board does, up to its first step."""
    hub = Hub(ENTRY, 10, Requests(*answers or [(200, IDENTITY)]))
    registration = Registration(hub, "identity.json", Clock(), {"firmware_version": "1.0.0"})
    return registration, hub, registration.clock


class Clock:
    now = 5

    def uptime(self):
        return self.now


def is_due(registration):
    return registration.clock.uptime() >= registration.register_at


def test_the_identity_is_read_before_anything_else():
    store.save("identity.json", KEPT)
    registration, hub, _ = start()
    assert not is_due(registration) and not hub.identity and not registration.is_kept  # nobody knows yet
    identity.keep(registration)
    assert registration.is_kept and not is_due(registration)
    assert hub.identity == KEPT


def test_the_first_start_registers():
    registration, hub, _ = start()
    identity.keep(registration)
    assert is_due(registration)
    identity.register(registration)
    assert hub.identity == KEPT and not is_due(registration)
    assert store.load("identity.json") == KEPT


def test_an_identity_that_cannot_be_used_is_told_once_and_replaced():
    for content, kind in ((b"{", Corrupt), (None, ReplyError)):
        if content is None:
            store.save("identity.json", {"entry_url": ENTRY})
        else:
            with open("identity.json", "wb") as file:
                file.write(content)
        registration, hub, _ = start()
        raises(kind, identity.keep, registration)
        assert registration.is_kept and is_due(registration) and not hub.identity
        identity.register(registration)
        assert store.load("identity.json") == KEPT


def test_an_identity_that_cannot_be_read_is_not_given_up():
    store.save("identity.json", KEPT)
    registration, hub, _ = start()
    load = store.load

    def broken(path):
        raise StoreError(path + ": [Errno 5] EIO")

    store.load = broken
    try:
        for _ in range(3):
            raises(StoreError, identity.keep, registration)
            assert not registration.is_kept and not is_due(registration)
    finally:
        store.load = load
    identity.keep(registration)
    assert hub.identity and not is_due(registration)


def test_a_refusal_waits_and_nobody_does_not():
    registration, hub, clock = start()
    identity.keep(registration)
    hub.requests.answers = [OSError(113)]
    raises(NetworkError, identity.register, registration)
    assert is_due(registration)
    hub.requests.answers = [(422, {"error": "known"})]
    assert "delete it at the hub" in str(raises(Rejected, identity.register, registration))
    assert not is_due(registration)
    clock.now += 599
    assert not is_due(registration)
    clock.now += 1202
    assert is_due(registration)
    raises(Rejected, identity.register, registration)
    registration.network_returned()
    assert is_due(registration)


def test_a_key_that_was_accepted_and_is_rejected_then_is_replaced_at_once():
    registration, hub, clock = start()
    identity.keep(registration)
    identity.register(registration)
    registration.key_rejected()  # a hub that gives keys and takes none
    assert not is_due(registration) and hub.identity
    registration.key_accepted()
    assert not is_due(registration)
    registration.key_rejected()
    assert is_due(registration)
