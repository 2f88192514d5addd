"""Makes tests/device/rsa_vectors.py: RSA keys, what they signed, and forgeries.

    python tests/make_rsa_vectors.py > tests/device/rsa_vectors.py

Each time with new keys. The private ones are kept nowhere.
"""

import hashlib
import sys
from base64 import b64encode
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

SIZES = (2048, 2050, 3072, 4096)
EXPONENTS = (65537, 3)
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, section 9.2, note 1
SHA256_WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201 0420")
SHA512 = bytes.fromhex("3051300d060960864801650304020305000440")
SHA1 = bytes.fromhex("3021300906052b0e03021a05000414")


def der(key) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def signed(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def raw(key: rsa.RSAPrivateKey, message: bytes) -> bytes:
    """The signature of an encoded message of any form."""
    n = key.public_key().public_numbers().n
    size = key.key_size // 8
    return pow(int.from_bytes(message), key.private_numbers().d, n).to_bytes(size)


def cube_root(size: int, start: bytes) -> bytes:
    """What begins with `start` when it is cubed: no private key is needed (Bleichenbacher, CVE-2006-4339)."""
    low = int.from_bytes(start + bytes(size - len(start)))
    high = int.from_bytes(start + b"\xff" * (size - len(start)))
    a, b = 0, 1 << (size * 3)
    while a < b:
        middle = (a + b) // 2
        a, b = (a, middle) if middle**3 >= low else (middle + 1, b)
    if not low <= a**3 <= high:
        raise ValueError("too little room for garbage")
    return a.to_bytes(size)


def forgeries(key: rsa.RSAPrivateKey, data: bytes) -> Iterator[tuple[str, bytes]]:
    """What each is, and a signature over `data` that is none."""
    size = key.key_size // 8
    digest = hashlib.sha256(data).digest()
    end = b"\0" + SHA256 + digest

    def padded(end: bytes, start: bytes = b"\0\1") -> bytes:
        return start + b"\xff" * (size - len(start) - len(end)) + end

    good = padded(end)
    if raw(key, good) != signed(key, data):
        raise AssertionError("the forgeries are not what they should be")
    for name, message in (
        ("no NULL in DigestInfo", padded(b"\0" + SHA256_WITHOUT_NULL + digest)),
        ("SHA-1", padded(b"\0" + SHA1 + hashlib.sha1(data).digest())),
        ("SHA-1's DigestInfo around SHA-256's digest", padded(b"\0" + SHA1 + digest)),
        ("SHA-512", padded(b"\0" + SHA512 + hashlib.sha512(data).digest())),
        ("no DigestInfo", padded(b"\0" + digest)),
        ("padding type 0", padded(end, b"\0\0")),
        ("padding type 2", padded(end, b"\0\2")),
        ("padding type 2, random", b"\0\2" + (b"\x5a\xa5" * size)[: size - len(end) - 2] + end),
        ("one padding byte differs", good[:100] + b"\xfe" + good[101:]),
        ("the first padding byte differs", good[:2] + b"\0" + good[3:]),
        ("no zero behind the padding", padded(b"\xff" + end[1:])),
        ("a short padding, then garbage", b"\0\1" + b"\xff" * 8 + end + bytes(size - len(end) - 10)),
        ("no padding, then garbage", b"\0\1" + end + b"\x5a" * (size - len(end) - 2)),
        ("one byte of garbage", padded(end + b"\0")),
        ("garbage before the digest", padded(end[:-32] + bytes(8) + digest)),
        ("only the digest", bytes(size - 32) + digest),
    ):
        yield name, raw(key, message)
    yield "PSS", key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    if key.public_key().public_numbers().e == 3:
        yield "a cube root: a short padding, then garbage", cube_root(size, b"\0\1" + b"\xff" * 8 + end)
        yield "a cube root: no padding, then garbage", cube_root(size, b"\0\1" + end)


def data_for(key: rsa.RSAPrivateKey) -> bytes:
    """Data whose signature is so small that signature + n, which is the same to `pow`, has no byte more."""
    n = key.public_key().public_numbers().n
    number = 0
    while True:
        data = b"license %d" % number
        if int.from_bytes(signed(key, data)) + n < 1 << key.key_size:
            return data
        number += 1


def text(data: bytes) -> str:
    """A literal as `ruff format` has it."""
    base64 = b64encode(data).decode()
    lines = [base64[at : at + 100] for at in range(0, len(base64), 100)]
    return '"""\n' + "\n".join(lines) + '\n"""'


def module() -> str:
    """The module's text."""
    keys = [(e, size, rsa.generate_private_key(e, size)) for e in EXPONENTS for size in SIZES]
    data = data_for(keys[0][2])
    lines = ['"""Made by tests/make_rsa_vectors.py; base64 throughout."""\n', f'DATA = b"{data.decode()}"\n']
    lines.append("# The key in DER, and its signature over DATA.")
    for e, size, key in keys:
        lines.append(f"RSA_{size}_E{e} = (\n    {text(der(key.public_key()))},\n    {text(signed(key, data))},\n)")
    lines.append("GOOD = (" + ", ".join(f"RSA_{size}_E{e}" for e, size, _ in keys) + ")\n")
    for e in EXPONENTS:
        key = next(key for its_e, size, key in keys if (its_e, size) == (e, 2048))
        lines.append(f"# What it is, and what stands for the signature over DATA by the key of RSA_2048_E{e}.")
        lines.append(f"FORGED_E{e} = (")
        lines += [f'    (\n        "{name}",\n        {text(value)},\n    ),' for name, value in forgeries(key, data)]
        lines.append(")")
    lines.append(f"RSA_1024 = {text(der(rsa.generate_private_key(65537, 1024).public_key()))}")
    lines.append(f"EC = {text(der(ec.generate_private_key(ec.SECP256R1()).public_key()))}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(module())
