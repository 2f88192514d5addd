"""Which CAs a server's certificate may come from, as DER: the bundled public ones, or what settings.json says."""

import os
from binascii import a2b_base64

from . import errors

if False:  # for the type checker
    from typing import Any


class Certificates:
    """An iterable, anew each time, of DER bytes, so that only one certificate is in memory at a time.

    `ca`: one or several, each the bytes of a DER, or a text: its base64, or the path of a DER file, which begins with
    "/"; None is the roots that come with the library. Iterating raises SettingsError for a text that is none, naming
    the remedy.
    """

    def __init__(self, ca=None):
        self._ca = ca

    def __iter__(self):
        folder = ""
        ca = self._ca
        if ca is None:
            folder = __file__.rsplit("/", 1)[0] + "/roots/"
            ca = os.listdir(folder)
        for it in [ca] if isinstance(ca, (str, bytes, bytearray)) else ca:
            yield der("ca", folder + it, "x509") if isinstance(it, str) else it


def der(name: str, it: str, made_by: str) -> bytes:
    """The bytes that the field `name` of the settings means with `it`: base64, or the path of a file. Raises
    SettingsError unless they are DER, naming the command of openssl that makes them."""
    try:
        if it[:2] == "MI":  # as the base64 of every certificate and of every RSA key that is long enough does
            content = a2b_base64(it)
        else:
            with open(it, "rb") as file:
                content = file.read()
    except (OSError, ValueError):
        content = b""
    # DER begins with 0x30, 0x82 and the length of the rest: neither is ever so short as to need less.
    if int.from_bytes(content[2:4], "big") + 4 != len(content):
        raise errors.SettingsError(
            "%s: %s: missing, or not DER; openssl %s -outform der makes it" % (name, it[:40], made_by)
        )
    return content


def context(ca, verify: bool):
    """A TLS context that trusts `ca`, as `Certificates` takes it; or everybody, and says so, without `verify`."""
    import tls

    made: Any = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if not verify:
        print("TLS: NO SERVER IS VERIFIED, as told: whoever answers gets the access key")
        made.verify_mode = tls.CERT_NONE
        return made
    made.verify_mode = tls.CERT_REQUIRED
    for certificate in Certificates(ca):
        try:
            made.load_verify_locations(certificate)
        except ValueError:
            raise errors.TlsError("ca: expected the bytes of a certificate in DER")
    return made
