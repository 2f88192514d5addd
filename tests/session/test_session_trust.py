"""TLS: who is trusted, and who is not and learns nothing."""

import re
import ssl

import pytest
import trustme
from byte_server import ByteServer
from session import certificates
from session.certificates import Authority, at, days_from_now

KEY = "access-key-never-to-be-seen"


def post(device, url, **options):
    return device.post(url, data='{"secret-of-the-body": 1}', headers={"Authorization": KEY}, **options)


def learnt_nothing(server: ByteServer) -> None:
    """Whoever answered saw no byte of the request, and the connection is closed."""
    assert server.connections
    for connection in server.connections:
        assert connection.client_gone.wait(30) or connection.cut
        assert not connection.received and not connection.requests
        raw = bytes(getattr(connection.wire, "raw", connection.received))
        for secret in (KEY, "secret-of-the-body", "/v1/telemetry", "Authorization"):
            assert secret.encode() not in raw


@pytest.mark.parametrize("name", certificates.NAMES)
def test_the_right_server(knowing, serve, ca, name):
    server = serve(tls=ca.server())
    assert post(knowing, at(server, name)).content == b"next"
    (request,) = server.requests
    assert request.header("Host") == f"{name}:{server.port}"
    assert (request.header("Authorization"), request.body) == (KEY, b'{"secret-of-the-body": 1}')
    assert KEY.encode() not in server.connections[0].wire.raw


def test_a_server_below_an_intermediate_ca(knowing, serve, ca):
    server = serve(tls=ca.server_of_a_child())
    assert post(knowing, at(server)).status == 200


def test_a_server_with_rsa_keys(device, serve):
    ca = Authority(key_type=trustme.KeyType.RSA)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("hub.test", key_type=trustme.KeyType.RSA).configure_cert(context)
    device.ask("use", ca=ca.der_hex)
    assert post(device, at(serve(tls=context))).status == 200


def test_the_second_of_several_cas(device, serve, ca):
    server = serve(tls=ca.server())
    for cas in ([Authority(), ca], [ca, Authority()], [Authority(), ca, Authority()]):
        device.ask("use", ca=[one.der_hex for one in cas])
        assert post(device, at(server)).status == 200


def test_the_name_in_upper_case(knowing, serve, ca):
    assert post(knowing, at(serve(tls=ca.server()), "HUB.test")).status == 200


def _expired(ca, folder):
    return ca.server(not_before=days_from_now(-20), not_after=days_from_now(-10))


def _not_yet_valid(ca, folder):
    return ca.server(not_before=days_from_now(10), not_after=days_from_now(20))


def _of_another_ca(ca, folder):
    return Authority().server()


def _in_the_name_of_the_ca(ca, folder):
    return certificates.server_in_the_name_of(ca, folder)


def _for_another_host(ca, folder):
    return ca.server("other.test")


def _for_a_part_of_the_name(ca, folder):
    return ca.server("test", "hub.test.example.com", "*.hub.test", "xhub.test")


def _self_signed(ca, folder):
    return certificates.self_signed_server(folder)


def _signed_by_another_server(ca, folder):
    return certificates.server_below_a_server(ca, folder)


def _expired_and_for_another_host(ca, folder):
    return ca.server("other.test", not_before=days_from_now(-20), not_after=days_from_now(-10))


UNKNOWN_CA = "not (correctly )?signed by"
WRONG_HOST = "wrong host|name.* not match"
UNTRUSTED = {
    _expired: "expired",
    _not_yet_valid: "not yet valid|future|clock",
    _of_another_ca: UNKNOWN_CA,
    _in_the_name_of_the_ca: UNKNOWN_CA,
    _for_another_host: WRONG_HOST,
    _for_a_part_of_the_name: WRONG_HOST,
    _self_signed: UNKNOWN_CA,
    _signed_by_another_server: UNKNOWN_CA,
    _expired_and_for_another_host: "expired",
}


@pytest.mark.parametrize("make, reason", UNTRUSTED.items(), ids=[make.__name__[1:] for make in UNTRUSTED])
def test_a_server_that_is_not_trusted(knowing, serve, ca, tmp_path, make, reason):
    server = serve(tls=make(ca, tmp_path))
    fds = knowing.ask("fds")
    for _ in range(2):
        error = knowing.refuses("TlsError", "post", at(server), data="{}", headers={"Authorization": KEY})
        assert error.name == "TlsError"
        assert re.search(reason, error.text, re.IGNORECASE), error.text
        assert KEY not in error.text and "\n" not in error.text and len(error.text) <= 300
    assert knowing.ask("fds") == fds
    learnt_nothing(server)
    good = serve(tls=ca.server())
    assert post(knowing, at(good)).status == 200


def test_the_address_is_no_name_of_the_certificate(knowing, serve, ca):
    server = serve(tls=ca.server("hub.test"))
    error = knowing.refuses("TlsError", "get", at(server, "127.0.0.1"), headers={"Authorization": KEY})
    assert re.search(WRONG_HOST, error.text, re.IGNORECASE), error.text
    learnt_nothing(server)


def test_no_ca_at_all(device, serve, ca):
    device.ask("use", ca=[])
    server = serve(tls=ca.server())
    device.refuses("TlsError", "get", at(server), headers={"Authorization": KEY})
    for connection in server.connections:
        assert not connection.received


def test_the_bundled_cas_do_not_know_a_test_server(with_heap, serve, ca):
    device = with_heap("1M")
    server = serve(tls=ca.server())
    error = device.refuses("TlsError", "get", at(server), headers={"Authorization": KEY})
    assert re.search(UNKNOWN_CA, error.text), error.text
    learnt_nothing(server)


def test_a_ca_that_is_in_pem(device, serve, ca):
    server = serve(tls=ca.server())
    for given in (ca.cert_pem.bytes().hex(), [ca.cert_pem.bytes().hex()]):
        with pytest.raises(Exception, match="DER") as caught:
            device.ask("use", ca=given)
            device.get(at(server))
        assert caught.value.name in ("TlsError", "ValueError")
    assert not server.requests


@pytest.mark.parametrize("given", ["", "00", "30820100" + "00" * 20, "ff" * 500])
def test_a_ca_that_is_none(device, serve, ca, given):
    server = serve(tls=ca.server())
    with pytest.raises(Exception, match="DER|certificate|ca:") as caught:
        device.ask("use", ca=[given])
        device.get(at(server))
    assert caught.value.name in ("TlsError", "ValueError")
    assert not server.requests


def test_untrusted_servers_leave_nothing(knowing, serve, ca):
    server = serve(tls=ca.server("other.test"))
    plain = serve(lambda connection: connection.send(b"HTTP/1.1 400 Bad\r\n\r\n"))
    urls = [at(server), at(plain), f"https://hub.test:{server.port}/a"]
    seen = knowing.ask("fail_often", urls=urls, count=90, timeout=30)
    assert seen["after"]["fds"] == seen["before"]["fds"]
    assert seen["after"]["heap"] <= seen["before"]["heap"] + 1024
    assert set(seen["raised"]) == {"TlsError"}
    assert not server.requests


@pytest.mark.parametrize("make", UNTRUSTED, ids=[make.__name__[1:] for make in UNTRUSTED])
def test_verify_false_lets_everybody_in_and_says_so(device, serve, ca, tmp_path, make):
    server = serve(tls=make(ca, tmp_path))
    device.ask("use", verify=False)
    before = len(device.console)
    for _ in range(2):
        assert post(device, at(server)).status == 200
        device.ask("close")
    said = "".join(device.console[before:])
    assert said.count("\n") == 1 and re.search("verif", said, re.IGNORECASE), said
    assert KEY not in said


def test_nothing_is_said_where_it_verifies(knowing, serve, ca):
    before = len(knowing.console)
    post(knowing, at(serve(tls=ca.server())))
    assert knowing.console[before:] == []


def _redirect_to(place):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % place().encode())

    return answer


def test_no_redirect_from_https_to_http(knowing, serve, ca):
    plain = serve()
    for scheme in ("http", "HTTP"):
        server = serve(_redirect_to(lambda scheme=scheme: f"{scheme}://hub.test:{plain.port}/"), tls=ca.server())
        try:
            assert knowing.get(at(server), redirects=3, headers={"Authorization": KEY}).status == 302
        except Exception as error:
            assert "NetworkError" in error.kinds, error
    assert not plain.connections


def test_a_redirect_from_http_to_https_is_verified(knowing, serve, ca):
    good, bad = serve(tls=ca.server()), serve(tls=ca.server("other.test"))
    headers = {"Authorization": KEY}
    assert knowing.get(serve(_redirect_to(lambda: at(good))).url, redirects=1, headers=headers).content == b"next"
    assert good.requests[0].header("Authorization") is None  # another scheme is another server
    knowing.refuses("TlsError", "get", serve(_redirect_to(lambda: at(bad))).url, redirects=1, headers=headers)
    learnt_nothing(bad)


def test_a_redirect_within_https_keeps_the_key_for_the_same_server(knowing, serve, ca):
    server = serve(_redirect_to(lambda: at(server) + "/there"), tls=ca.server())
    assert knowing.get(at(server), redirects=1, headers={"Authorization": KEY}).content == b"next"
    assert [request.header("Authorization") for request in server.requests] == [KEY] * 2
