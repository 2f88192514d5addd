"""The public roots that come with the library, and their renewal."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import certifi

from tools import roots

BUNDLE = Path(certifi.where()).read_bytes()


def names(folder):
    return {file.name for file in folder.iterdir()}


def test_the_bundled_ones_are_what_mozilla_trusts_and_small():
    assert names(roots.FOLDER) == set(roots.ROOTS)
    trusted = roots.trusted(BUNDLE)
    for name, fingerprint in roots.ROOTS.items():
        der = (roots.FOLDER / name).read_bytes()
        assert hashlib.sha256(der).hexdigest() == fingerprint and trusted[fingerprint] == der
    assert sum(file.stat().st_size for file in roots.FOLDER.iterdir()) < 10_000


def test_renewal_says_what_changed(tmp_path, capsys):
    folder = tmp_path / "roots"
    assert roots.renew(folder, BUNDLE)
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "isrg-root-x1.der: added, 1391 bytes, expires 2035-06-04" and len(rest) == len(roots.ROOTS) - 1
    (folder / "isrg-root-x2.der").write_bytes(b"torn")
    (folder / "old.der").write_bytes(b"old")
    assert roots.renew(folder, BUNDLE)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("isrg-root-x1.der: as it was") and said[1].startswith("isrg-root-x2.der: replaced")
    assert said[-1] == "old.der: removed" and names(folder) == set(roots.ROOTS)


def test_what_expires_soon_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(roots, "_SOON", timedelta(days=100 * 365))
    assert roots.renew(tmp_path, BUNDLE)
    assert all("SOON" in line for line in capsys.readouterr().out.splitlines())


def test_one_that_is_trusted_no_more_is_an_error(tmp_path, capsys):
    x1 = roots.trusted(BUNDLE)[roots.ROOTS["isrg-root-x1.der"]]
    pem = "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(x1).decode() + "-----END CERTIFICATE-----\n"
    assert not roots.renew(tmp_path, pem.encode())
    told = capsys.readouterr()
    assert names(tmp_path) == {"isrg-root-x1.der"} and "isrg-root-x2.der: not in certifi any more" in told.err
