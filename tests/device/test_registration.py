from support import raises
from telemetry.errors import Corrupt, NetworkError, Rejected, ReplyError, StoreError
from telemetry.registration import Registration
from telemetry.store import Store

ENTRY = "http://entry"
IDENTITY = {"id": "d-1", "access_key": "key-1", "hub_url": "http://hub"}
KEPT = dict(IDENTITY, entry_url=ENTRY, firmware_version="1.0.0")


class Hub:
    """Gives an identity, or raises what it is told to."""

    entry_url = ENTRY

    def __init__(self):
        self.identity = {}
        self.failure = None
        self.asked = 0

    def register(self, fields):
        self.asked += 1
        if self.failure:
            raise self.failure
        return dict(IDENTITY)


class Clock:
    now = 5

    def uptime(self):
        return self.now


def start():
    """What a restart of the board does, up to its first step."""
    registration = Registration(Hub(), Store("identity.json"), Clock(), {"firmware_version": "1.0.0"})
    return registration, registration._hub, registration._clock


def test_the_identity_is_read_before_anything_else():
    Store("identity.json").save(KEPT)
    registration, hub, _ = start()
    assert not registration.is_due() and not registration.has_key()  # nobody knows yet
    registration.keep()
    assert registration.has_key() and not registration.is_due() and not registration.is_version_due()
    assert hub.identity == KEPT


def test_the_first_start_registers():
    registration, hub, _ = start()
    registration.keep()
    assert registration.is_due()
    registration.register()
    assert hub.identity == KEPT and not registration.is_due()
    assert Store("identity.json").load() == KEPT


def test_an_identity_that_cannot_be_used_is_told_once_and_replaced():
    for content, kind in ((b"{", Corrupt), (None, ReplyError)):
        if content is None:
            Store("identity.json").save({"entry_url": ENTRY})
        else:
            with open("identity.json", "wb") as file:
                file.write(content)
        registration, hub, _ = start()
        raises(kind, registration.keep)
        registration.keep()
        assert registration.is_due() and not registration.has_key()
        registration.register()
        assert Store("identity.json").load() == KEPT


def test_an_identity_that_cannot_be_read_is_not_given_up():
    Store("identity.json").save(KEPT)
    registration, hub, _ = start()
    load = registration._store.load

    def broken():
        raise StoreError("identity.json", "[Errno 5] EIO")

    registration._store.load = broken
    for _ in range(3):
        raises(StoreError, registration.keep)
        assert not registration.is_due()
    registration._store.load = load
    registration.keep()
    assert registration.has_key() and not registration.is_due()


def test_a_refusal_waits_and_nobody_does_not():
    registration, hub, clock = start()
    registration.keep()
    hub.failure = NetworkError("nobody")
    raises(NetworkError, registration.register)
    assert registration.is_due()
    hub.failure = Rejected("POST x", 422, "known")
    assert "delete it at the hub" in str(raises(Rejected, registration.register))
    assert not registration.is_due()
    clock.now += 599
    assert not registration.is_due()
    clock.now += 1202
    assert registration.is_due()
    raises(Rejected, registration.register)
    registration.network_returned()
    assert registration.is_due()


def test_a_key_that_was_accepted_and_is_rejected_then_is_replaced_at_once():
    registration, hub, clock = start()
    registration.keep()
    registration.register()
    registration.key_rejected()  # a hub that gives keys and takes none
    assert not registration.is_due() and registration.has_key()
    registration.key_accepted()
    assert not registration.is_due()
    registration.key_rejected()
    assert registration.is_due()
