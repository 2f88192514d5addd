"""Bad networks, in short, and that what finds a broken promise finds it."""

import socket
import threading

import pytest

from tools.soak import network
from tools.soak.ledger import Arrival, Ledger
from tools.soak.proxy import PER_CONNECTION, BadProxy

SEED = 1
TIMEOUT_S = 0.1


@pytest.mark.timeout(300)  # most of it waits for what never comes
def test_a_bad_network_in_short():
    print("seed", SEED)
    for row in network.run(SEED, full=False):
        print(row)


def arrival(number, at_s=None, **more):
    stamp = None if at_s is None else f"2026-01-01T00:00:{at_s:02d}.000Z"
    values = {"n": number, "t": number * 1000} | ({} if number % 7 else {"slow": number // 7}) | more
    return Arrival(number, stamp, values, False)


@pytest.fixture
def ledger():
    """Of 5 telemetries: the first at once; 2 was dropped; 3 and 4 waited, and 3 came twice; 5 at once."""
    found = Ledger(1_767_225_600_000, taken={number: number * 1000 for number in range(1, 6)})
    found.arrivals = [arrival(1, slow=0), arrival(3), arrival(3, 3), arrival(4, 4), arrival(5)]
    found.acknowledged = [1, 3, 4, 5]
    found.kept = [2, 3, 4]
    found.drops = [(1, 2)]
    return found


def test_a_ledger_that_is_right(ledger):
    ledger.check(room=2, gap_s=2)
    assert (ledger.dropped, ledger.late, ledger.twice, ledger.gap_s) == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda it: it.arrivals.pop(), "has answered, but has not: [5]"),
        (lambda it: it.arrivals.append(arrival(6)), "never taken: [6]"),
        (lambda it: it.acknowledged.remove(4), "were not sent: [2, 4]"),
        (lambda it: it.drops.append((1, 50)), "dropped are 2"),
        (lambda it: it.arrivals.append(arrival(4, 4, slow=9)), "otherwise"),
        (lambda it: it.arrivals.append(arrival(4, 5)), "another time"),
        (lambda it: it.arrivals.insert(2, it.arrivals.pop(3)), "out of order, of those that waited: 3 after 4"),
        (lambda it: it.arrivals.insert(0, it.arrivals.pop()), "out of order, of those sent at once: 1 after 5"),
        (lambda it: it.arrivals.insert(4, it.arrivals.pop(3)) or it.arrivals.append(arrival(2, 4)), "out of order"),
        (lambda it: it.arrivals.__setitem__(3, arrival(4, 6)), "2000 ms off"),
        (lambda it: it.arrivals.__setitem__(3, arrival(4, 4, slow=1)), "the hub has slow=1"),
        (lambda it: it.drops.__setitem__(0, (1, 1)), "only 1 waited"),
        (lambda it: it.taken.update({5: 7000}), "no telemetry for 3.0 s"),
    ],
)
def test_a_ledger_that_is_wrong(ledger, wrong, said):
    wrong(ledger)
    with pytest.raises(AssertionError) as caught:
        ledger.check(room=2, gap_s=2)
    assert said in str(caught.value)


class Echo:
    """A server that gives back what it gets."""

    def __enter__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.got = b""
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.sock.close()

    def serve(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(sock,), daemon=True).start()

    def echo(self, sock):
        with sock:
            try:
                while data := sock.recv(65536):
                    self.got += data
                    sock.sendall(data)
            except OSError:
                pass


def asked(port, data, timeout=4 * TIMEOUT_S):
    """What comes back, as far as it does, and what ended it: "", "closed" or the error."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as sock:
            sock.sendall(data)
            while len(answer) < len(data):
                more = sock.recv(65536)
                if not more:
                    return answer, "closed"
                answer += more
    except OSError as error:
        return answer, type(error).__name__
    return answer, ""


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


@pytest.fixture
def proxy(echo):
    with BadProxy(echo.port, SEED, TIMEOUT_S, tls=True) as opened:
        yield opened


DATA = bytes(range(250)) * 20


@pytest.mark.parametrize(
    ("mode", "outcomes"),
    [
        ("well", {""}),
        ("delay", {""}),
        ("cut", {"closed", "ConnectionResetError"}),  # its own end knows of bytes that nobody has read
        ("reset", {"ConnectionResetError"}),
        ("swallow", {"TimeoutError"}),
        ("mute", {"TimeoutError"}),
        ("refused", {"ConnectionRefusedError"}),
        ("deaf", {"TimeoutError"}),
    ],
)
def test_what_a_bad_network_does(proxy, echo, mode, outcomes):
    proxy.become(mode)
    answer, outcome = asked(proxy.port, DATA, 8 * TIMEOUT_S)
    assert outcome in outcomes
    assert (answer == DATA) is (outcome == "") and DATA.startswith(answer)
    if mode in ("swallow", "refused", "deaf"):
        assert not echo.got
    proxy.become("well")
    assert asked(proxy.port, DATA) == (DATA, "")  # on a new connection all is well again


def test_bytes_change_on_the_way(proxy):
    proxy.become("corrupt")
    answers = [asked(proxy.port, DATA[:200])[0] for _ in range(20)]
    assert all(len(answer) == 200 for answer in answers)
    assert 0 < sum(answer != DATA[:200] for answer in answers) < 20


def test_each_connection_has_a_trouble_of_its_own(proxy):
    proxy.become("mixed")
    outcomes = {asked(proxy.port, DATA)[1] for _ in range(20)}
    assert len(outcomes) > 2
    assert len(proxy.faults.keys() & {*PER_CONNECTION, "corrupt"}) > 2
