"""The devices' maker: an RSA key that signs licences and firmware, and of which devices know the public half."""

import base64
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tools.hub.private import write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_KEY_BITS = 2048


class Maker:
    """With `file` the private key is kept there, for its user only, because boards know the public one for years;
    without, it ends with this object. It is made when it is first asked for: that takes a while.

    Methods raise OSError if the file cannot be read or written, ValueError if it holds no RSA key.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._key: RSAPrivateKey | None = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read the file, if there is one: what is wrong with it is better known at once."""
        if self._file is not None and self._file.exists():
            self._private()

    @property
    def der(self) -> bytes:
        """The public key, which is no secret: DER, SubjectPublicKeyInfo."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._private().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> str:
        """The signature over `data`: RSASSA-PKCS1-v1_5 with SHA-256, in base64."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return base64.b64encode(self._private().sign(data, PKCS1v15(), SHA256())).decode()

    def _private(self) -> "RSAPrivateKey":
        with self._lock:
            if self._key is None:
                self._key = _new(self._file) if self._file is None or not self._file.exists() else _read(self._file)
            return self._key


def _read(file: Path) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _KEY_BITS:
        raise ValueError(f"{file} holds no RSA key of {_KEY_BITS} bits or more: mend it, or remove it for a new one")
    return key


def _new(file: Path | None) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(65537, _KEY_BITS)
    if file is not None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            write_private(file, pem, replace=False)
        except FileExistsError:
            return _read(file)  # somebody was quicker, and may have given the public half away already
    return key
