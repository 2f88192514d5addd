import gc
from binascii import a2b_base64, b2a_base64
from hashlib import sha256

import rsa_vectors as vectors
from support import raises
from telemetry.errors import SettingsError, SignatureError
from telemetry.signature import check

DIGEST = sha256(vectors.DATA).digest()
E65537 = b"\2\3\1\0\1"
NOT_BY_THIS_KEY = "signature: not by this key"


def key_of(pair):
    return a2b_base64(pair[0])


def text_of(base64):
    return "".join(base64.split())


def signature_of(pair):
    return a2b_base64(pair[1])


def base64(data):
    return b2a_base64(data).decode().strip()


def number(data):
    return int.from_bytes(data, "big")


def modulus(key):
    size = number(key[30:32])
    return key[32 : 32 + size]


def built(n, e=E65537):
    """A key of these parts; `n` without its DER header, `e` with it."""
    der = b"\2\x82" + len(n).to_bytes(2, "big") + n + e
    der = b"\0\x30\x82" + len(der).to_bytes(2, "big") + der
    der = b"\x03\x82" + len(der).to_bytes(2, "big") + der
    der = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00" + der
    return b"\x30\x82" + len(der).to_bytes(2, "big") + der


def refuses_key(key):
    text = str(raises(SettingsError, check, key, DIGEST, text_of(vectors.RSA_2048_E65537[1])))
    assert text.startswith("maker_key: expected RSA, 2048 bits or more"), text


def refuses(pair, signature, text=NOT_BY_THIS_KEY, digest=DIGEST):
    assert str(raises(SignatureError, check, key_of(pair), digest, signature)) == text


def refuses_text(signature):
    refuses(vectors.RSA_2048_E65537, signature, "signature: expected base64 of 256 bytes")


def test_what_the_maker_signed():
    for pair in vectors.GOOD:
        assert check(key_of(pair), DIGEST, text_of(pair[1])) is None


def test_what_another_signed():
    for key, its_size in ((vectors.RSA_2048_E3, 256), (vectors.RSA_4096_E65537, 512)):
        for pair in vectors.GOOD:
            if pair is not key:
                size = len(signature_of(pair))
                text = NOT_BY_THIS_KEY if size == its_size else "signature: expected base64 of %d bytes" % its_size
                refuses(key, text_of(pair[1]), text)


def test_every_byte_of_the_signature_counts():
    for pair in (vectors.RSA_2048_E65537, vectors.RSA_2048_E3):
        for at in range(256):
            signature = bytearray(signature_of(pair))
            signature[at] ^= 1 << at % 8
            refuses(pair, base64(signature))


def test_every_byte_of_the_digest_counts():
    for pair in (vectors.RSA_2048_E65537, vectors.RSA_2048_E3):
        for at in range(32):
            digest = bytearray(DIGEST)
            digest[at] ^= 1 << at % 8
            refuses(pair, text_of(pair[1]), digest=bytes(digest))
        for digest in (b"", DIGEST[:31], DIGEST[1:], DIGEST + b"\0", b"\0" + DIGEST, bytes(32), DIGEST * 10):
            refuses(pair, text_of(pair[1]), digest=digest)


def test_forgeries():
    assert len(vectors.FORGED_E65537) >= 17 and len(vectors.FORGED_E3) == len(vectors.FORGED_E65537) + 2
    for pair, forged in ((vectors.RSA_2048_E65537, vectors.FORGED_E65537), (vectors.RSA_2048_E3, vectors.FORGED_E3)):
        for name, signature in forged:
            try:
                refuses(pair, text_of(signature))
            except AssertionError as error:
                raise AssertionError("%s: %s" % (name, error))


def test_numbers_at_the_edges():
    for pair in (vectors.RSA_2048_E65537, vectors.RSA_2048_E3):
        n = number(modulus(key_of(pair)))
        for signature in (0, 1, 2, n - 1, n, n + 1, (1 << 2048) - 1):
            refuses(pair, base64(signature.to_bytes(256, "big")))
    pair = vectors.RSA_2048_E65537
    signature = number(signature_of(pair)) + number(modulus(key_of(pair)))  # to `pow` the same as the right one
    refuses(pair, base64(signature.to_bytes(256, "big")))
    refuses_text(base64(signature.to_bytes(257, "big")))


def test_signatures_of_a_wrong_length():
    good = signature_of(vectors.RSA_2048_E65537)
    for signature in (b"", b"\0", good[:-1], good[1:], good + b"\0", b"\0" + good, good[:128], good + good):
        refuses_text(base64(signature))


def test_what_is_not_quite_base64():
    good = text_of(vectors.RSA_2048_E65537[1])
    assert good[-2:] == "==" and good[-3] in "AQgw"
    for text in (
        "",
        "=",
        "?",
        "not base64",
        good + "\n",
        good + " ",
        good + "=",
        good + "A",
        good + "AAAA",
        good + "\0",
        good + "é",
        "\n" + good,
        " " + good,
        good[:76] + "\n" + good[76:],
        good[:76] + "\r\n" + good[76:],
        good[:76] + " " + good[76:],
        good[:76] + "=" + good[76:],
        good[:76] + "é" + good[76:],
        good[:76] + "-" + good[76:],
        good[:76] + "-" + good[77:],
        good[:76] + "é" + good[77:],
        good[:-1],
        good[:-2],
        good[:-3],
        good[:-2] + "=A",
        good[:-2] + "A=",
        good[:-3] + chr(ord(good[-3]) + 1) + "==",  # the bits that stand for nothing
        "-----BEGIN SIGNATURE-----\n" + good,
    ):
        refuses_text(text)


def test_what_is_no_text_at_all():
    for value in (None, True, 1, 1.5, [], {}, ["MIIB"]):
        refuses_text(value)


def test_keys_that_are_cut_off_or_go_on():
    for pair in (vectors.RSA_2048_E65537, vectors.RSA_2048_E3):
        key = key_of(pair)
        for end in range(len(key)):
            refuses_key(key[:end])
        for more in (b"\0", b"\n", b"\5\0", key):
            refuses_key(key + more)
        refuses_key(key[1:])


def test_every_bit_before_the_modulus_counts():
    for at in range(32):
        for bit in range(8):
            key = bytearray(key_of(vectors.RSA_2048_E65537))
            key[at] ^= 1 << bit
            refuses_key(bytes(key))


def test_huge_lengths():
    for at in (2, 21, 26, 30):
        for length in (b"\xff\xff", b"\x7f\xff", b"\0\0", b"\0\1"):
            key = key_of(vectors.RSA_2048_E65537)
            refuses_key(key[:at] + length + key[at + 2 :])
    n = modulus(key_of(vectors.RSA_2048_E65537))
    for e in (b"\2\xff\1\0\1", b"\2\x80\1\0\1", b"\2\x84\xff\xff\xff\xff\1\0\1", b"\2\x81\3\1\0\1"):
        refuses_key(built(n, e))


def test_other_keys():
    refuses_key(a2b_base64(vectors.EC))
    refuses_key(a2b_base64(vectors.RSA_1024))
    key = key_of(vectors.RSA_2048_E65537)
    refuses_key(key[24:])  # RSAPublicKey, without what says that it is RSA
    refuses_key(b2a_base64(key))
    refuses_key(b"-----BEGIN PUBLIC KEY-----\n" + b2a_base64(key) + b"-----END PUBLIC KEY-----\n")
    refuses_key(bytes(300))
    refuses_key(b"\xff" * 300)


def test_moduli():
    n = modulus(key_of(vectors.RSA_2048_E65537))
    good = text_of(vectors.RSA_2048_E65537[1])
    assert built(n) == key_of(vectors.RSA_2048_E65537) and n[0] == 0
    for wrong in (
        n[:-1] + bytes((n[-1] ^ 1,)),  # even
        n[1:],  # negative
        b"\0" + n,  # a zero too many
        b"\0\x7f" + n[2:],
        b"\x7f" + n[2:],  # 2047 bits
        b"\x40" + n[2:],
        n[:-1],  # 2040 bits
        b"\x80" + n,
        b"",
        bytes(257),
        bytes(300) + n[1:],
    ):
        refuses_key(built(wrong))
    for other, size in (
        (b"\0\x80" + n[2:], 256),
        (b"\x01" + n[1:], 257),  # 2049 bits
        (b"\x7f" + n[1:], 257),
        (b"\0\x80" + n[1:], 257),
        (b"\0" + n[1:] * 8, 2048),
    ):
        text = str(raises(SignatureError, check, built(other), DIGEST, good))
        assert text == (NOT_BY_THIS_KEY if size == 256 else "signature: expected base64 of %d bytes" % size)


def test_exponents():
    n = modulus(key_of(vectors.RSA_2048_E65537))
    good = text_of(vectors.RSA_2048_E65537[1])
    for wrong in (
        b"",
        b"\2",
        b"\2\0",
        b"\2\1\0",
        b"\2\1\1",  # everything is signed then
        b"\2\1\2",
        b"\2\1\x83",  # negative
        b"\2\3\1\0\0",
        b"\2\2\0\3",
        b"\2\4\0\1\0\1",
        b"\3\3\1\0\1",
        b"\2\2\1\0\1",
        b"\2\4\1\0\1",
        E65537 + b"\0",
    ):
        refuses_key(built(n, wrong))
    for other in (b"\2\1\3", b"\2\1\x11", b"\2\4\1\0\0\1", b"\2\x10\1" + bytes(14) + b"\1"):
        assert str(raises(SignatureError, check, built(n, other), DIGEST, good)) == NOT_BY_THIS_KEY


def test_it_takes_little_heap():
    if not hasattr(gc, "mem_alloc"):
        return
    for pair, most in ((vectors.RSA_2048_E65537, 5200), (vectors.RSA_4096_E65537, 9000)):
        key = key_of(pair)
        text = text_of(pair[1])
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        check(key, DIGEST, text)
        taken = gc.mem_alloc() - before
        gc.enable()
        assert taken < most, taken
