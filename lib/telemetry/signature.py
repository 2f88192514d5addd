"""Whether the device's maker signed it: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2) (pure)."""

import binascii

from . import errors

if False:  # for the type checker
    from typing import Any


def check(key: bytes, digest: bytes, signature: str) -> None:
    """Returns if `signature`, base64, was made with the private half of `key` over what has the SHA-256 `digest`.

    `key` is a SubjectPublicKeyInfo in DER, RSA, of 2048 bits or more. Raises SettingsError if it is none, and
    SignatureError for everything else that is wrong.
    """
    number = int.from_bytes
    at, end = 0, len(key)
    # Down to the modulus (RFC 5280, section 4.1, and RFC 8017, appendix A.1.1): at this size each length is two bytes
    # long, so that all has its place, and each part but the modulus ends where the key ends.
    for tags in b"0\x82", b"0\r\6\t*\x86H\x86\xf7\r\1\1\1\5\0\3\x82", b"\x000\x82", b"\2\x82":
        end = end == len(key) and key.startswith(tags, at)
        at += len(tags) + 2
        end = end and at + number(key[at - 2 : at], "big")
    n = number(key[32:end], "big")
    e = number(key[end + 2 :], "big")
    if not (
        end > 32 + 256
        and 0x7F < number(key[32:34], "big") < 0x8000  # positive, and no needless zero before it
        and 0 < number(key[end : end + 3], "big") - (0x200 - 2 + len(key) - end) * 256 < 0x80  # so is e, and ends here
        and n & e & 1
        and e > 1
    ):
        raise errors.SettingsError("maker_key: expected RSA, 2048 bits or more; openssl rsa -pubout -outform der")
    size = end - 32 - (not key[32])
    s: Any = b""
    try:
        s = binascii.a2b_base64(signature)
    except (TypeError, ValueError):
        pass
    if len(s) != size or binascii.b2a_base64(s).decode() != signature + "\n":
        raise errors.SignatureError("signature: expected base64 of %d bytes" % size)
    s = number(s, "big")
    # The whole of what was signed is compared: who looks for its parts finds them in forgeries, too.
    if s >= n or pow(s, e, n).to_bytes(size, "big") != (
        b"\0\1" + b"\xff" * (size - 54) + (b"\x00010\r\6\t`\x86H\1e\3\4\2\1\5\0\4 " + digest)
    ):
        raise errors.SignatureError("signature: not by this key")
