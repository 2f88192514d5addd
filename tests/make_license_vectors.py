"""Makes tests/device/license_vectors.py: a maker's key, and licences that it signed.

    python tests/make_license_vectors.py > tests/device/license_vectors.py

Each time with a new key. The private one is kept nowhere.
"""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

sys.path.insert(0, str(Path(__file__).parent))

from make_rsa_vectors import der, signed, text  # noqa: E402

# Each is signed; the tests say what is to become of it.
DATA = (
    "recording",
    "5",
    '"x"',
    "[]",
    "Aufnahme für später",
    '{"features": ["recording", "playback"]}',
    '{"feature": "recording"}',
    '{"features": ["export"], "device_id": "d-1", "seats": 5}',
    '{"features": ["export"], "device_id": null}',
    '{"features": ["export"], "device_id": "d-2"}',
    '{"features": ["export"], "device_id": 1}',
    '{"features": "recording"}',
    '{"features": []}',
    '{"features": null}',
    '{"features": {"recording": true}}',
    '{"features": ["recording", 1]}',
    '{"features": [["recording"]]}',
    '{"feature": 1}',
    '{"feature": null}',
    "{}",
    '{"features": ["' + "x" * 3000 + '"]}',
)


def module() -> str:
    """The module's text."""
    key = rsa.generate_private_key(65537, 2048)
    lines = ['"""Made by tests/make_license_vectors.py; keys and signatures are base64."""\n']
    lines.append(f"MAKER_KEY = {text(der(key.public_key()))}\n")
    lines.append("# What was signed -> the signature.\nSIGNED = {")
    for data in DATA:
        name = f"'{data}'" if '"' in data else f'"{data}"'
        name = name.replace("x" * 3000, "' + \"x\" * 3000 + '")
        lines.append(f"    {name}: {text(signed(key, data.encode()))},")
    lines.append("}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(module())
