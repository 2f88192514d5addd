"""Signatures by another's judgement: keys and signatures that `cryptography` makes anew, and its word on ours."""

import ast
import shutil
import subprocess
import sys
from base64 import b64decode

import pytest
import rsa_vectors
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tools.board.micropython import find_micropython
from tools.deploy import ROOT

DEVICE = ROOT / "tests/device"
TESTS = [node.name for node in ast.parse((DEVICE / "test_signature.py").read_text()).body if hasattr(node, "name")]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A folder with the device's test over new vectors."""
    folder = tmp_path_factory.mktemp("fresh")
    for name in ("run.py", "ram.py", "support.py", "test_signature.py"):
        shutil.copy(DEVICE / name, folder)
    made = subprocess.run([sys.executable, ROOT / "tests/make_rsa_vectors.py"], capture_output=True, check=True)
    (folder / "rsa_vectors.py").write_bytes(made.stdout)
    return folder


def test_new_keys_are_judged_as_the_old_ones(fresh):
    tests = [name for name in TESTS if name.startswith("test_")]
    assert len(tests) > 10
    for name in tests:
        command = [find_micropython(None), "-X", "heapsize=1M", "run.py", ROOT / "lib", fresh, "test_signature", name]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, check=False)
        assert not done.returncode, done.stdout + done.stderr


def judged(pair, signature=None):
    key = serialization.load_der_public_key(b64decode(pair[0]))
    key.verify(b64decode(signature or pair[1]), rsa_vectors.DATA, padding.PKCS1v15(), hashes.SHA256())


def test_cryptography_says_the_same():
    for pair in rsa_vectors.GOOD:
        judged(pair)
    for pair, forged in (
        (rsa_vectors.RSA_2048_E65537, rsa_vectors.FORGED_E65537),
        (rsa_vectors.RSA_2048_E3, rsa_vectors.FORGED_E3),
    ):
        for _, signature in forged:
            with pytest.raises(InvalidSignature):
                judged(pair, signature)
