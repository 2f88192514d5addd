"""Redirects: followed only when asked, at most three, and the access key stays at home."""

import pytest
from session.device import DeviceError

KEY = "access-key-never-elsewhere"
STATUSES = [301, 302, 303, 307, 308]


def redirecting(*locations, status=302, body=b""):
    """An answer that redirects to each in turn, which may be a function; then 200 with the request's target as body."""
    left = list(locations)  # for all connections together

    def answer(connection):
        while True:
            target = connection.request().target.encode()
            if left:
                location = left.pop(0)
                location = (location if isinstance(location, str) else location()).encode()
                head = b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n"
                connection.send(head % (status, location, len(body)) + body)
            else:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

    return answer


@pytest.mark.parametrize("status", STATUSES)
def test_none_is_followed_by_default(device, serve, status):
    server = serve(redirecting("/there", status=status))
    answer = device.get(server.url + "/here")
    assert (answer.status, answer.headers["location"]) == (status, "/there")
    assert [request.target for request in server.requests] == ["/here"]


@pytest.mark.parametrize("status", STATUSES)
def test_followed_when_asked(device, serve, status):
    server = serve(redirecting("/there?a=b", status=status, body=b"moved"))
    answer = device.get(server.url + "/here", redirects=1)
    assert (answer.status, answer.content) == (200, b"/there?a=b")


@pytest.mark.parametrize("status", [300, 304, 305, 306, 399])
def test_other_statuses_redirect_nobody(device, serve, status):
    server = serve(redirecting("/there", status=status))
    assert device.get(server.url + "/here", redirects=3).status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location, target",
    [
        ("/x", "/x"),
        ("x", "/a/x"),
        ("?q=1", "/a/b?q=1"),
        ("{url}/y", "/y"),
        ("{url}", "/"),
        ("//{host}/z", "/z"),
        ("/x#part", "/x"),
        ("HTTP://{host}/u", "/u"),
    ],
)
def test_where_a_location_leads(device, serve, location, target):
    server = serve(redirecting(lambda: location.format(url=server.url, host=server.host)))
    answer = device.get(server.url + "/a/b?c=d", redirects=3)
    assert (answer.status, answer.content) == (200, target.encode())
    assert server.requests[-1].header("Host") == server.host


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", STATUSES)
def test_only_get_is_redirected(device, serve, method, status):
    other = serve()
    server = serve(redirecting(other.url, status=status))
    answer = device.request(method, server.url, data="body", redirects=3)
    assert (answer.status, answer.headers["location"]) == (status, other.url)
    assert len(server.requests) == 1 and not other.connections


@pytest.mark.parametrize("asked", [3, 4, 100])
def test_three_at_most(device, serve, asked):
    assert device.get(serve(redirecting("/1", "/2", "/3")).url, redirects=asked).content == b"/3"
    server = serve(redirecting("/1", "/2", "/3", "/4"))
    try:
        assert device.get(server.url, redirects=asked).status == 302
    except DeviceError as error:
        assert "NetworkError" in error.kinds, error
    assert [request.target for request in server.requests] == ["/", "/1", "/2", "/3"]


def test_no_more_than_asked(device, serve):
    server = serve(redirecting("/1", "/2"))
    try:
        assert device.get(server.url, redirects=1).status == 302
    except DeviceError as error:
        assert "NetworkError" in error.kinds, error
    assert [request.target for request in server.requests] == ["/", "/1"]


def test_a_loop_ends(device, serve):
    server = serve(redirecting(*["/"] * 50))
    try:
        assert device.get(server.url, redirects=3).status == 302
    except DeviceError as error:
        assert "NetworkError" in error.kinds, error
    assert len(server.requests) == 4


def test_a_loop_of_two_servers_ends(device, serve):
    one = serve(redirecting(*[lambda: other.url] * 50))
    other = serve(redirecting(*[one.url] * 50))
    try:
        assert device.get(one.url, redirects=3).status == 302
    except DeviceError as error:
        assert "NetworkError" in error.kinds, error
    assert len(one.requests) + len(other.requests) == 4


def test_the_key_goes_to_the_same_server(device, serve):
    server = serve(redirecting("/1", lambda: server.url + "/2"))
    device.get(server.url, headers={"Authorization": KEY}, redirects=3)
    assert [request.header("Authorization") for request in server.requests] == [KEY] * 3


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_the_key_goes_to_no_other_port(device, serve, name):
    other = serve()
    server = serve(redirecting(other.url + "/there"))
    answer = device.get(server.url, headers={name: KEY, "X-Other": "kept"}, redirects=1)
    assert (answer.status, answer.content) == (200, b"next")
    assert KEY.encode() in server.connections[0].received
    assert KEY.encode() not in other.connections[0].received
    assert other.requests[0].header("Host") == other.host


def test_the_key_goes_to_no_other_host(device, serve):
    server = serve(redirecting(lambda: "http://other.test:%d/there" % server.port))
    device.get("http://hub.test:%d/" % server.port, headers={"Authorization": KEY}, redirects=1)
    assert len(server.connections) == 2
    assert [request.header("Authorization") for request in server.requests] == [KEY, None]


def test_the_key_goes_to_no_other_server_by_a_detour(device, serve):
    other = serve(redirecting("/again"))
    server = serve(redirecting("/1", other.url))
    device.get(server.url, headers={"Authorization": KEY}, redirects=3)
    assert [request.target for request in other.requests] == ["/", "/again"]
    assert KEY.encode() not in other.connections[0].received


def test_the_next_request_has_its_key_again(device, serve):
    other = serve()
    server = serve(redirecting(other.url))
    headers = {"Authorization": KEY}
    device.get(server.url, headers=headers, redirects=1)
    device.get(server.url, headers=headers, redirects=1)
    assert [request.header("Authorization") for request in server.requests] == [KEY] * 2


@pytest.mark.parametrize(
    "location",
    [
        "",
        "ftp://{host}/",
        "http://",
        "/a b",
        "/a\x00b",
        "/a\x7f",
        "http://a b/",
        "http://{host}x/",
        "/a\tb",
        "javascript:0",
    ],
    ids=repr,
)
def test_a_location_that_is_none(device, serve, location):
    server = serve(redirecting(lambda: location.format(host=server.host)))
    fds = device.ask("fds")
    try:
        answer = device.get(server.url, redirects=3)
        assert answer.status == 302 or answer.content == b"/", answer  # as it is, or the empty one as this page
    except DeviceError as error:
        assert "NetworkError" in error.kinds, error
        assert device.ask("fds") == fds
    assert all(request.target == "/" for request in server.requests)
    server.heal()
    assert device.get(server.url).status == 200


def test_no_location(device, serve):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")

    try:
        assert device.get(serve(answer).url, redirects=3).status == 302
    except DeviceError as error:
        assert "NetworkError" in error.kinds, error


def test_all_of_them_share_one_deadline(device, serve):
    def slow(connection):
        connection.request()
        connection.stopped.wait(0.7)
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: /more\r\nContent-Length: 0\r\n\r\n")
        slow(connection)

    server = serve(slow)
    device.refuses("TimedOut", "get", server.url, redirects=3, timeout=1)


def test_a_redirect_to_a_server_that_refuses(device, serve):
    other = serve(lambda connection: connection.reset())
    server = serve(redirecting(other.url))
    fds = device.ask("fds")
    device.refuses("NetworkError", "get", server.url, redirects=3)
    assert device.ask("fds") == fds


def test_a_stream_follows_too(device, serve):
    server = serve(redirecting("/there", body=b"moved" * 1000))
    assert device.stream(server.url, redirects=1).length == len("/there")
