"""Wi-Fi of the virtual board, and what goes through it."""

import http.server
import threading

import pytest

from tools.board import BoardError, VirtualBoard

JOIN = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)
if not w.isconnected():
    w.connect('virtual', 'virtual-password')
while not w.isconnected():
    time.sleep_ms(5)
"""
LEFT = "while w.status() != 1000: time.sleep_ms(5)"  # a disconnect is over


@pytest.fixture
def board():
    with VirtualBoard() as board:
        board.air.delay_s = 0.02
        board.wait_for(">>> ")
        board.run("import network, time, socket\nw = network.WLAN(network.STA_IF)")
        yield board


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as it:
        threading.Thread(target=it.serve_forever, daemon=True).start()
        yield it.server_address[1]
        it.shutdown()


def raises(board, error, code):
    with pytest.raises(BoardError) as info:
        board.run(code)
    assert str(info.value).strip().rpartition("\n")[2].startswith(error), str(info.value)


def status(board):
    return int(board.run("print(w.status())"))


def wait_for_status(board, wanted):
    board.run(f"while w.status() != {wanted}: time.sleep_ms(5)")


def test_the_way_to_an_address(board):
    assert board.run("print(w.active(), w.status(), w.isconnected(), w.ifconfig()[0])") == "False 1000 False 0.0.0.0\n"
    board.run("w.active(True); w.connect('virtual', 'virtual-password'); s = w.status()")
    wait_for_status(board, 1010)
    assert board.run("print(s, w.status(), w.ifconfig()[0], w.status('rssi'), w.config('ssid'))") == (
        "1001 1010 10.0.2.15 -60 virtual\n"
    )
    assert board.run("w.disconnect(); print(w.isconnected())") == "True\n"  # until the driver's event comes
    board.run(LEFT)
    assert board.run("print(w.isconnected())") == "False\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("OSError: Wifi Not Started", "w.connect('virtual', 'virtual-password')"),
        ("OSError: Wifi Not Started", "w.disconnect()"),
        ("OSError: Wifi Internal State Error", "w.active(True); w.connect('a'); w.connect('b')"),
        ("OSError: Wifi SSID Invalid", "w.active(True); w.connect()"),
        ("OSError: Wifi Not Connected", "w.active(True); w.status('rssi')"),
        ("OSError: STA must be active", "w.scan()"),
        ("ValueError: unknown status param", "w.status('weather')"),
        ("ValueError: unknown config param", "w.config('nothing')"),
        ("ValueError: unknown config param", "w.config(nothing=1)"),
        ("ValueError: invalid WLAN interface identifier", "network.WLAN(2)"),
        ("TypeError", "w.connect('a', 'b', 'c', 'd')"),
        ("NotImplementedError", "network.WLAN(network.AP_IF).active(True)"),
    ],
)
def test_mistakes_are_errors(board, error, code):
    raises(board, error, code)


def test_a_second_connect_while_connected_is_an_error(board):
    board.run(JOIN)
    raises(board, "OSError: Wifi Internal State Error", "w.connect('virtual', 'virtual-password')")


@pytest.mark.parametrize(
    ("ssid", "key", "reason"), [("virtual", "wrong-password", 202), ("elsewhere", "12345678", 201)]
)
def test_why_it_does_not_connect(board, ssid, key, reason):
    board.run(f"w.active(True); w.config(reconnects=1); w.connect({ssid!r}, {key!r})")
    wait_for_status(board, reason)
    # The reason stays until an address is there, whatever is tried meanwhile.
    board.run("w.disconnect(); time.sleep_ms(50); w.config(reconnects=-1); w.connect('virtual', 'virtual-password')")
    wait_for_status(board, 1010)


def test_a_connect_before_the_disconnect_is_over_is_an_error(board):
    board.run(JOIN)
    raises(board, "OSError: Wifi Internal State Error", "w.disconnect(); w.connect('virtual', 'virtual-password')")
    board.run(LEFT + "\nw.connect('virtual', 'virtual-password')")
    assert status(board) in (1000, 1010)  # why it was not connected before is still shown
    wait_for_status(board, 1010)


def test_what_was_asked_for_and_why_it_failed_outlive_the_radio(board):
    board.run("w.active(True); w.config(reconnects=0); w.connect('elsewhere', '12345678')")
    wait_for_status(board, 201)
    board.run("w.active(False); w.active(True)")
    assert status(board) == 201
    board.run("w.disconnect(); w.connect('virtual', 'virtual-password')")  # nobody tried: nothing to wait for
    wait_for_status(board, 1010)
    assert board.run("w.active(False); print(w.isconnected(), w.status(), w.active(True), w.status())") == (
        "False 1000 True 1000\n"
    )


def test_association_may_fail(board):
    board.air.failures = 2
    board.run(JOIN)
    assert status(board) == 1010 and board.air.failures == 0


@pytest.mark.parametrize(
    ("how", "vain", "help"),
    [
        ("connecting", "pass", "w.disconnect()"),
        ("radio", "w.disconnect()", "w.active(False); w.active(True)"),
        ("chip", "w.disconnect(); w.active(False); w.active(True)", None),
    ],
)
def test_a_driver_that_got_stuck(board, how, vain, help):
    connect = "while w.status() == 1010: time.sleep_ms(5)\ntime.sleep_ms(50); w.connect('virtual', 'virtual-password')"
    board.run(JOIN)
    board.wifi_stuck(how)
    assert status(board) == 1001
    board.run(vain)
    if vain != "pass":
        board.run(connect)
    board.run("time.sleep_ms(100)")
    assert board.run("print(w.isconnected())") == "False\n"
    if help:
        board.run(help)
        board.run(connect)
    else:
        board.reset()
        board.wait_for(">>> ")
        board.run("import network, time\n" + JOIN)
    assert board.run("while not w.isconnected(): time.sleep_ms(5)\nprint(w.isconnected())") == "True\n"


def test_no_memory_for_the_radio(board):
    board.wifi_stuck("memory")
    raises(board, "RuntimeError: Wifi Unknown Error 0x0101", "w.active(True)")
    board.wifi_stuck(None)
    board.run(JOIN)


def test_it_tries_for_ever_by_default(board):
    board.run("w.active(True); w.connect('later', 'a-password')")
    assert status(board) == 1001
    wait_for_status(board, 201)
    board.set_network("later", "a-password")
    wait_for_status(board, 1010)


def test_a_lost_network_comes_back(board):
    board.run(JOIN)
    board.wifi_down()
    assert board.run("print(w.isconnected(), w.status(), w.ifconfig()[0])") == "False 1001 0.0.0.0\n"
    board.wifi_up()
    wait_for_status(board, 1010)
    board.run("w.config(reconnects=0)")
    board.wifi_down()
    assert status(board) == 200
    board.wifi_up()
    board.run("time.sleep_ms(100)")
    assert status(board) == 200


def test_wifi_lives_through_a_soft_reset_only(board):
    board.run(JOIN)
    board.send(b"\x04")
    board.wait_for("soft reboot")
    board.wait_for(">>> ")
    assert board.run("import network; print(network.WLAN().isconnected())") == "True\n"
    board.reset()
    board.wait_for(">>> ")
    assert board.run("import network; print(network.WLAN().active())") == "False\n"


def test_sockets_need_an_address(board, server):
    raises(board, "OSError: -202", f"socket.getaddrinfo('127.0.0.1', {server})")
    raises(board, "OSError: [Errno 113] EHOSTUNREACH", f"s = socket.socket(); s.connect(('127.0.0.1', {server}))")
    board.run(JOIN)
    board.run(f"a = socket.getaddrinfo('127.0.0.1', {server})[0][-1]; s = socket.socket(); s.connect(a)")
    assert board.run("print(a)") == f"('127.0.0.1', {server})\n"
    board.run("s.write(b'GET / HTTP/1.0\\r\\n\\r\\n')")
    board.wifi_down()
    raises(board, "OSError: [Errno 103]", "s.read(1)")


def test_the_networks_own_names(board, server):
    board.air.hosts["hub.example"] = "127.0.0.1"
    board.air.hosts["gone.example"] = None
    board.run(JOIN)
    assert board.run("print(socket.getaddrinfo('hub.example', 80)[0][-1])") == "('127.0.0.1', 80)\n"
    raises(board, "OSError: -202", "socket.getaddrinfo('gone.example', 80)")


def test_requests_of_the_firmware(board, server):
    board.run(JOIN)
    board.run(f"import requests; r = requests.get('http://127.0.0.1:{server}/', timeout=5)")
    assert board.run("print(r.status_code, r.text); r.close()") == "200 hello\n"


def test_asyncio_streams(board, server):
    board.run(JOIN)
    code = f"""
import asyncio
async def get():
    reader, writer = await asyncio.open_connection('127.0.0.1', {server})
    writer.write(b'GET / HTTP/1.0\\r\\n\\r\\n')
    await writer.drain()
    print((await reader.read(-1))[-5:])
    writer.close()
asyncio.run(get())
"""
    assert board.run(code) == "b'hello'\n"


def test_a_server_on_the_board(board):
    board.run(JOIN)
    code = """
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 0)); s.listen(1)
import select
p = select.poll(); p.register(s, select.POLLIN); print(p.poll(10))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); print(u.sendto(b'x', ('127.0.0.1', 9)))
"""
    assert board.run(code) == "[]\n1\n"


def test_ntp_gives_the_worlds_time(board):
    raises(board, "OSError: -202", "import ntptime; ntptime.settime()")
    board.run(JOIN)
    board.set_time(1_700_000_000)
    assert board.run("ntptime.settime(); print(time.localtime()[:5])") == "(2023, 11, 14, 22, 13)\n"
    raises(board, "OSError: -202", "ntptime.host = 'no.such.host'; ntptime.time()")
    board.set_ntp_servers(None)
    raises(board, "OSError: [Errno 110] ETIMEDOUT", "ntptime.time()")
