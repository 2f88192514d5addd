"""Renews the public roots that come with the library: `make roots`.

The certificates come out of certifi, which is Mozilla's list, pinned in requirements.txt; raise the pin first to get
news. Says what changed and when each expires, and exits with 1 when one is not trusted by Mozilla any more: take it out
of ROOTS here and out of package.json, or put its successor there.
"""

import hashlib
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509

FOLDER = Path(__file__).parent.parent / "lib/telemetry/roots"
_SOON = timedelta(days=3 * 365)  # a board in a ceiling is not visited every year

# File name: SHA-256 of the certificate, as the CAs publish it. The larger the set, the more memory a connection takes.
ROOTS = {
    # Let's Encrypt: most servers that somebody runs by himself.
    "isrg-root-x1.der": "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6",
    "isrg-root-x2.der": "69729b8e15a86efc177a57afb7171dfc64add28c2fca8cf1507e34453ccb1470",
    # Amazon Web Services and CloudFront.
    "amazon-root-ca-1.der": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "amazon-root-ca-3.der": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    # Microsoft Azure, and many companies.
    "digicert-global-root-g2.der": "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
    "digicert-global-root-g3.der": "31ad6648f8104138c738f39ea4320133393e3a18cc02296ef97c2ac9ef6731d0",
    # Google Cloud, and what Cloudflare issues.
    "gts-root-r1.der": "d947432abde7b7fa90fc2e6b59101b1280e0e1c7e4e40fa3c6887fff57a7f4cf",
    "gts-root-r4.der": "349dfa4058c5e263123b398ae795573c4e1313c83fe68f93556cd5e8031b3c7d",
}


def trusted(bundle: bytes) -> dict[str, bytes]:
    """SHA-256 -> DER of every certificate in a PEM bundle."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    parts = bundle.decode().split(begin)[1:]
    ders = [ssl.PEM_cert_to_DER_cert(begin + part.partition(end)[0] + end) for part in parts]
    return {hashlib.sha256(der).hexdigest(): der for der in ders}


def renew(folder: Path, bundle: bytes) -> bool:
    """Writes what differs, removes what is no longer listed, and says so. True if all of ROOTS are in the bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    known = trusted(bundle)
    complete = True
    for name, fingerprint in ROOTS.items():
        file, der = folder / name, known.get(fingerprint)
        if der is None:
            print(f"{name}: not in certifi any more", file=sys.stderr)
            complete = False
            continue
        was = file.read_bytes() if file.exists() else None
        if was != der:
            file.write_bytes(der)
        state = "as it was" if was == der else "added" if was is None else "replaced"
        end = x509.load_der_x509_certificate(der).not_valid_after_utc
        soon = "; SOON, look for its successor" if end < datetime.now(UTC) + _SOON else ""
        print(f"{name}: {state}, {len(der)} bytes, expires {end:%Y-%m-%d}{soon}")
    for file in sorted(folder.iterdir()):
        if file.name not in ROOTS:
            file.unlink()
            print(f"{file.name}: removed")
    return complete


if __name__ == "__main__":
    sys.exit(0 if renew(FOLDER, Path(certifi.where()).read_bytes()) else 1)
