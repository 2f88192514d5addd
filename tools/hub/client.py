"""Whom a client of a hub trusts."""

import ssl


def trust(url: str, ca: bytes | None) -> ssl.SSLContext | bool:
    """For httpx' `verify`, to reach `url`: the CA with this certificate (DER, PEM) and no other. None: the public ones.

    Raises ValueError if `ca` is no certificate.
    """
    if not url.startswith("https:"):
        return False  # there is nothing to verify, and to load the public CAs takes longer than a request
    if ca is None:
        return True
    # `cadata` wants a PEM as text, and a DER as bytes.
    try:
        return ssl.create_default_context(cadata=ca.decode() if ca.startswith(b"-----") else ca)
    except ssl.SSLError as error:
        raise ValueError(str(error)) from None
