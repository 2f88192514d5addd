import os
from binascii import b2a_base64

import telemetry.certificates
from support import raises
from telemetry.certificates import Certificates, der
from telemetry.errors import SettingsError

ROOTS = telemetry.certificates.__file__.rsplit("/", 1)[0] + "/roots/"


def bundled(name):
    with open(ROOTS + name, "rb") as file:
        return file.read()


def saved(name, content):
    with open(name, "wb") as file:
        file.write(content)
    return os.getcwd().rstrip("/") + "/" + name


def text_of(der):
    return b2a_base64(der).decode().strip()


X1 = bundled("isrg-root-x1.der")
X2 = bundled("isrg-root-x2.der")


def test_the_bundled_roots_come_one_by_one_and_anew_each_time():
    roots = Certificates()
    for _ in range(2):
        found = set(roots)
        assert found == {bundled(name) for name in os.listdir(ROOTS)} and len(found) > 4
        assert X1 in found and X2 in found
    assert sum(len(der) for der in roots) < 10000
    one = iter(roots)
    assert next(one) != next(one)


def test_a_file_on_the_board():
    ca = Certificates(saved("ca.der", X2))
    assert list(ca) == [X2] and list(ca) == [X2]


def test_base64():
    assert list(Certificates(text_of(X2))) == [X2]
    assert list(Certificates(text_of(X2) + "\n")) == [X2]


def test_several():
    assert list(Certificates([text_of(X1), saved("ca.der", X2)])) == [X1, X2]


def test_a_file_is_read_when_it_is_its_turn():
    ca = iter(Certificates([text_of(X1), "/nowhere/ca.der"]))
    assert next(ca) == X1
    raises(SettingsError, next, ca)


def test_what_is_none_is_named_with_the_remedy():
    pem = b"-----BEGIN CERTIFICATE-----\n" + b2a_base64(X2) + b"-----END CERTIFICATE-----\n"
    for wrong in (
        "/nowhere/ca.der",
        os.getcwd(),
        saved("ca.pem", pem),
        saved("empty.der", b""),
        saved("cut.der", X2[:-1]),
        saved("short.der", b"0"),
        pem.decode(),
        text_of(X2)[:-1],  # no longer base64
        text_of(X2)[:-4],  # no longer the whole
        text_of(X2).replace("A", "*"),
        "MII",
        "hello",
        "",
    ):
        for ca in (wrong, [text_of(X1), wrong]):
            error = str(raises(SettingsError, list, Certificates(ca)))
            assert error.startswith("ca: " + wrong[:40]) and "DER" in error and len(error) < 120


def test_another_field_that_means_a_der():
    assert der("maker_key", text_of(X2), "rsa -pubout") == X2
    assert der("maker_key", saved("maker.der", X2), "rsa -pubout") == X2
    for it in ("/nowhere/maker.der", "MI", text_of(X2)[:-8], saved("maker.der", X2[:-1]), saved("empty.der", b"")):
        text = str(raises(SettingsError, der, "maker_key", it, "rsa -pubout"))
        assert text.startswith("maker_key: " + it[:40]) and "openssl rsa -pubout -outform der" in text
