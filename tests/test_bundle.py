"""`make keys` and `make bundle`: what a board is given to install, and who signed it."""

import base64
import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import stat
import subprocess
import tarfile

import micropython  # noqa: F401 (of tests/shim: what CPython lacks)
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
    load_pem_private_key,
)
from telemetry import signature as on_the_board

from tools.board.micropython import find_micropython
from tools.bundle import BundleError, make_bundle, manifest_of, pack, read_manifest
from tools.bundle.__main__ import main as bundle
from tools.bundle.keys import main as keys
from tools.deploy import ROOT
from tools.hub.maker import Maker
from tools.hub.private import write_private

MPY = b"M\x06\x00\x1f" + b"code"
FILES = {"main.py": b"import door\n", "lib/door.mpy": MPY, "lib/roots/a.der": bytes(range(256)), "page.html": b""}

# As a board does it: the file is read once, and no more than the window is kept of it.
READ = """
import deflate, hashlib, sys
h = hashlib.sha256()
with open(sys.argv[1], "rb") as f:
    d = deflate.DeflateIO(f, deflate.GZIP, 10)
    while True:
        b = d.read(512)
        if not b:
            break
        h.update(b)
print(h.digest().hex())
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    file = tmp_path_factory.mktemp("maker") / "maker.pem"
    assert keys(["--key", str(file)]) == 0
    return file


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A user's folder, and the current one."""
    for name, text in {
        "main.py": "import door\n",
        "lib/door.py": "x = 1\n",
        "lib/kit/__init__.py": "",
        "lib/kit/inner/tool.py": "def fail():\n    raise ValueError\n",
        "lib/kit/safe/main.py": "y = 2\n",
        "lib/notes.txt": "not for the board\n",
        "lib/.hidden.py": "not python(",
        "lib/__pycache__/door.cpython-311.pyc": "x",
        "www/index.html": "<p>\n",
        "www/img/.keep": "",
        "data.json": "{}\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "lib/ca.der").write_bytes(b"\x30\x00")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return [(member, archive.extractfile(member).read()) for member in archive.getmembers()]


def names(file):
    return [member.name for member, _ in members(file.read_bytes())]


# What a bundle is


def test_manifest_first_then_the_files_by_name():
    found = members(make_bundle("1.1.0", FILES, micropython="1.25.0"))
    assert [member.name for member, _ in found] == ["manifest.json", *sorted(FILES)]
    assert {member.name: data for member, data in found[1:]} == FILES
    for member, _ in found:
        assert member.isreg() and (member.mode, member.uid, member.gid, member.mtime) == (0o644, 0, 0, 0)
        assert (member.uname, member.gname, member.linkname) == ("", "", "")
    text = found[0][1].decode()
    manifest = json.loads(text)
    assert manifest == {
        "abi": 6,
        "chip": "ESP32",
        "files": {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in FILES.items()},
        "micropython": "1.25.0",
        "version": "1.1.0",
    }
    # As a board reads it, a line at a time: what it is for, and then each file.
    head, *lines = text.splitlines()
    assert json.loads(head + "}}") == dict(manifest, files={})
    assert lines.pop() == "}}"
    for line, name in zip(lines, sorted(FILES), strict=True):
        assert json.loads("{" + line.rstrip(",") + "}") == {name: manifest["files"][name]}
    assert read_manifest(make_bundle("1.1.0", {"main.py": b""}, chip="any-other"))["chip"] == "any-other"
    plain = read_manifest(make_bundle("1.1.0", {"main.py": b""}, chip=None))
    assert (plain["abi"], plain["chip"]) == (None, None)


def test_the_same_to_the_byte():
    data = make_bundle("1.1.0", FILES)
    assert make_bundle("1.1.0", dict(reversed(FILES.items()))) == data
    # RFC 1952: deflate; a comment and no name; of no time, nor made by any system.
    assert data[:10] == b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff"


def test_its_head_says_how_much_room_it_takes():
    """On a file system with blocks of 4 KiB, where a folder has two."""
    data = make_bundle("1.1.0", dict(FILES, long=bytes(4097)))
    assert re.match(rb"room=\d+\0", data[10:])
    folders, blocks = 3 + 1, 4 + 2
    assert int(data[15:].split(b"\0")[0]) == (2 * folders + blocks + 8) * 4096


def test_any_tool_lists_it(tmp_path):
    file = tmp_path / "app.tar.gz"
    file.write_bytes(make_bundle("1.1.0", FILES))
    lines = subprocess.run(["tar", "tzvf", file], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[-1] for line in lines] == ["manifest.json", *sorted(FILES)]
    assert all(line.startswith("-rw-r--r-- 0/0 ") for line in lines)


def test_a_window_of_1_kib_is_enough(tmp_path):
    """What comes again after more than that is not referred to; where it is, MicroPython says so."""
    chance = random.Random(1)
    block = chance.randbytes(5000)
    data = make_bundle("1.1.0", {"main.py": block * 4, "text": b"abc" * 9000, "lib/a.mpy": MPY + block})
    plain = gzip.decompress(data)
    file = tmp_path / "app.tar.gz"

    def read(content):
        file.write_bytes(content)
        command = [find_micropython(None), "-X", "heapsize=32k", "-c", READ.replace("sys.argv[1]", repr(str(file)))]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    assert read(data) == hashlib.sha256(plain).hexdigest()
    assert read(gzip.compress(plain)) != hashlib.sha256(plain).hexdigest()


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"version": "1.1"}, "VERSION"),
        ({"version": "v1.1.0"}, "VERSION"),
        ({"version": "1.1.0/../x"}, "VERSION"),
        ({"version": "1.1." + "1" * 300}, "VERSION"),
        ({"micropython": "1.24"}, "MICROPYTHON"),
        ({"micropython": "1.24.0-preview"}, "MICROPYTHON"),
        ({"micropython": "/usr/bin/micropython"}, "MICROPYTHON"),
        ({"chip": "ESP32 S3"}, "CHIP"),
        ({"chip": "x" * 41}, "CHIP"),
        ({"files": {"lib/a.py": b""}}, "main.py is missing"),
        ({"more": "manifest.json"}, "another name"),
        ({"more": "../main.py"}, "relative"),
        ({"more": "lib/../../x"}, "relative"),
        ({"more": "/boot.py"}, "relative"),
        ({"more": "a//b"}, "relative"),
        ({"more": "a/./b"}, "relative"),
        ({"more": "a/"}, "relative"),
        ({"more": ""}, "relative"),
        ({"more": "a\\b"}, "between"),
        ({"more": "a\0b"}, "printable"),
        ({"more": "ä" * 51}, "100 bytes"),
        ({"more": "who?"}, "FAT"),
        ({"more": "MAIN.py"}, "case"),
        ({"more": "main.py/x"}, "a folder"),
        ({"more": "a.mpy"}, "no .mpy"),
        ({"files": {"main.py": b"", "a.mpy": b"M\x06\x12\x1fx"}}, "native"),
        ({"files": {"main.py": b"", "a.mpy": MPY, "b.mpy": b"M\x05\x00\x1fx"}}, "different"),
        ({"files": {"main.py": b""} | {f"lib/module{n}.py": b"" for n in range(500)}}, "501 files"),
    ],
    ids=str,
)
def test_what_no_board_would_take(changes, word):
    arguments = {"version": "1.1.0", "files": dict(FILES)} | changes
    if "more" in arguments:
        arguments["files"][arguments.pop("more")] = b""
    with pytest.raises(BundleError, match=word) as error:
        make_bundle(**arguments)
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


def test_names_up_to_the_limit_are_kept_whole():
    long = "lib/" + "x" * 96
    odd = "www/ä b-c 😀.txt"
    found = members(make_bundle("1.1.0", {"main.py": b"", long: b"1", odd: b"2"}))
    assert [member.name for member, _ in found] == ["manifest.json", long, "main.py", odd]
    assert odd.encode() in found[0][1]  # as it is in the tar, not escaped


def test_odd_ones_can_be_made_by_hand():
    """For tests of what refuses them."""
    link = tarfile.TarInfo("main.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/settings.json"
    manifest = json.dumps(manifest_of("1.1.0", FILES)).encode()
    data = pack([("../boot.py", b"x"), (link, b""), ("manifest.json", manifest), ("main.py", b"y")])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [member.name for member in archive] == ["../boot.py", "main.py", "manifest.json", "main.py"]
    assert read_manifest(data) is None  # it is not the first
    for other in (b"", b"\xe9\x05", b"\x1f\x8b\x08", gzip.compress(b"no tar"), pack([("manifest.json", b"[]")])):
        assert read_manifest(other) is None


# The maker's key


def test_a_key_is_made_once_and_for_its_user_only(tmp_path, capsys):
    file = tmp_path / "maker.pem"
    assert keys(["--key", str(file)]) == 0
    made, told = file.read_bytes(), capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and "chmod" not in told
    assert load_pem_private_key(made, None).key_size >= 2048
    setting = json.loads("{" + told[told.index('"maker_key"') :] + "}")
    assert base64.b64decode(setting["maker_key"]) == Maker(file).der
    assert "PRIVATE" not in told and made.splitlines()[1].decode() not in told

    file.chmod(0o644)
    assert keys(["--key", str(file)]) == 0
    again = capsys.readouterr().out
    assert file.read_bytes() == made and setting["maker_key"] in again
    assert "is there already" in again and f"chmod 600 {file}" in again
    assert subprocess.run(["git", "check-ignore", "-q", "maker.pem"], cwd=ROOT).returncode == 0


def test_a_key_that_somebody_else_made_meanwhile_stays(tmp_path, monkeypatch):
    file = tmp_path / "maker.pem"
    maker, other = Maker(file), Maker(tmp_path / "other.pem")
    public = other.der
    real = generate_private_key
    monkeypatch.setattr(
        "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key",
        lambda *arguments: (shutil.copyfile(tmp_path / "other.pem", file), real(*arguments))[1],
    )
    assert maker.der == public and file.read_bytes() == (tmp_path / "other.pem").read_bytes()
    assert sorted(it.name for it in tmp_path.iterdir()) == ["maker.pem", "other.pem"]
    # On a file system without hard links, too.
    monkeypatch.setattr(os, "link", lambda *_: exec("raise PermissionError(1, 'no links here')"))
    with pytest.raises(FileExistsError):
        write_private(file, b"x", replace=False)
    write_private(tmp_path / "new.pem", b"x", replace=False)
    assert (tmp_path / "new.pem").read_bytes() == b"x" and len(list(tmp_path.iterdir())) == 3


def test_keys_that_are_none(tmp_path, capsys, program, key):
    short = generate_private_key(65537, 1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (("text.pem", b"no key"), ("short.pem", short)):
        (tmp_path / name).write_bytes(content)
        assert keys(["--key", name]) == 1
        assert capsys.readouterr().err.startswith(f"keys: {name} holds no RSA key of 2048 bits")
        assert (tmp_path / name).read_bytes() == content
        failed(capsys, "--key", name, word=f"{name} holds no RSA key")
    assert keys(["--key", "no/folder.pem"]) == 1 and "no/folder.pem" in capsys.readouterr().err
    for arguments, word in (
        ((), "make keys"),
        (("--key", "missing.pem"), "make keys KEY=missing.pem"),
        (("--key", "."), "cannot read"),
        (("--key", str(key), "--unsigned"), "one of the two"),
    ):
        failed(capsys, *arguments, word=word)
    assert not (tmp_path / "build").exists()


# The command


def failed(capsys, *arguments, word, version="1.1.0"):
    assert bundle(["--version", version, *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("bundle: ") and err.count("\n") == 1 and word in err, err


def test_the_command_packs_what_a_deployment_would(program, key, capsys):
    arguments = ["--key", str(key), "--file", "www", "--file", "data.json"]
    assert bundle(["--version", "1.1.0", *arguments]) == 0
    file = program / "build/app-1.1.0.tar.gz"
    data = file.read_bytes()
    compiled = ["lib/ca.der", "lib/door.mpy", "lib/kit/__init__.mpy", "lib/kit/inner/tool.mpy", "lib/kit/safe/main.py"]
    assert names(file) == ["manifest.json", "data.json", *compiled, "main.py", "www/index.html"]
    assert b"kit.inner.tool" in gzip.decompress(data)  # what tracebacks call it
    said = capsys.readouterr().out
    for text in (hashlib.sha256(data).hexdigest(), f"{len(data)} bytes", "build/app-1.1.0.tar.gz.sig", "8, ", "ESP32",
                 "1.24.0", ".mpy version 6", "left out: lib/notes.txt"):  # fmt: skip
        assert text in said
    assert "hidden" not in said and "pycache" not in said

    text = (program / "build/app-1.1.0.tar.gz.sig").read_text().removesuffix("\n")
    der = Maker(key).der
    load_der_public_key(der).verify(base64.b64decode(text, validate=True), data, PKCS1v15(), SHA256())
    on_the_board.check(der, hashlib.sha256(data).digest(), text)
    with pytest.raises(Exception, match="not by this key"):
        on_the_board.check(der, hashlib.sha256(data + b"\0").digest(), text)

    # Again, later, from another folder, with files in another order: the same to the byte.
    elsewhere = program / "elsewhere"
    elsewhere.mkdir()
    for name in ("data.json", "www", "lib", "main.py"):
        copy = shutil.copytree if (program / name).is_dir() else shutil.copyfile
        copy(program / name, elsewhere / name)
        os.utime(elsewhere / name, (1, 1))
    (elsewhere / "main.py").chmod(0o700)
    os.chdir(elsewhere)
    assert bundle(["--version", "1.1.0", *arguments[:2], "--file", "data.json", "--file", "www"]) == 0
    assert (elsewhere / "build/app-1.1.0.tar.gz").read_bytes() == data


def test_another_main_and_lib_uncompiled(program, capsys):
    (program / "main.py").rename(program / "lamp.py")
    (program / "lib").rename(program / "modules")
    options = ["--main", "lamp.py", "--lib", "modules", "--sources", "--chip", "any", "--micropython", "1.26.0"]
    assert bundle(["--version", "2.0.0-rc.1+x", "--unsigned", *options]) == 0
    file = program / "build/app-2.0.0-rc.1+x.tar.gz"
    assert {"main.py", "lib/door.py", "lib/kit/inner/tool.py"} <= set(names(file))
    manifest = read_manifest(file.read_bytes())
    assert (manifest["abi"], manifest["chip"], manifest["micropython"]) == (None, None, "1.26.0")
    assert "UNSIGNED" in capsys.readouterr().out


def test_no_signature_of_an_earlier_bundle_is_left(program, key):
    assert bundle(["--version", "1.1.0", "--key", str(key)]) == 0
    assert bundle(["--version", "1.1.0", "--unsigned"]) == 0
    assert [it.name for it in (program / "build").iterdir()] == ["app-1.1.0.tar.gz"]


def test_what_the_command_refuses(program, capsys):
    (program / "outside.py").write_text("")
    (program / "lib/linked.py").symlink_to(program / "outside.py")
    unsigned = ("--unsigned",)
    failed(capsys, *unsigned, word="lib/linked.py: a link")
    (program / "lib/linked.py").unlink()
    (program / "lib/folder").symlink_to(program / "www")
    failed(capsys, *unsigned, word="lib/folder: a link")
    (program / "lib/folder").unlink()
    os.mkfifo(program / "lib/pipe.py")
    failed(capsys, *unsigned, word="lib/pipe.py: not a regular file")
    (program / "lib/pipe.py").unlink()
    (program / "link.txt").symlink_to("data.json")
    for path, word in (
        ("link.txt", "a link"),
        ("missing", "no such file"),
        ("../x", "below this folder"),
        (str(program / "data.json"), "below this folder"),
    ):
        failed(capsys, *unsigned, "--file", path, word=word)
    (program / "other.py").write_text("pass\n")
    failed(capsys, *unsigned, "--main", "other.py", "--file", "main.py", word="main.py is in the bundle already")
    failed(capsys, *unsigned, "--main", "missing.py", word="missing.py: no such file")
    failed(capsys, *unsigned, "--lib", "missing", word="missing: no such folder")
    failed(capsys, *unsigned, word="VERSION is missing", version="")
    failed(capsys, *unsigned, word="VERSION", version="1.1")
    (program / "main.py").write_text("def\n")
    failed(capsys, *unsigned, word="main.py: SyntaxError")
    (program / "main.py").write_text("pass\n")
    (program / "lib/door.py").write_text("import micropython\n@micropython.native\ndef f():\n    pass\n")
    failed(capsys, *unsigned, word="lib/door.py")
    (program / "lib/door.py").unlink()
    (program / "build").write_text("in the way")
    failed(capsys, *unsigned, word="cannot write")


def test_make_passes_it_on(tmp_path, key):
    """What the words given to make become; an interpreter in the environment is no version."""
    words = ["VERSION=1.1.0", f"KEY={key}", "CHIP=any", "FILES=LICENSE main.py", "MPY=0", f"LIB={tmp_path}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def told(task, *words):
        # Printed, not done; .venv is taken to be ready.
        command = ["make", "--no-print-directory", "-n", "-o", ".venv/ready", task, *words]
        environment["MICROPYTHON"] = "/usr/bin/micropython"
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return " ".join(done.stdout.replace("\\\n", " ").split())

    assert told("bundle", *words) == (
        f".venv/bin/python -m tools.bundle --version 1.1.0 --key {key} --chip any --lib {tmp_path}"
        " --file LICENSE --file main.py --sources"
    )
    assert told("bundle", "MICROPYTHON=1.25.0", "UNSIGNED=1").endswith("--unsigned --micropython 1.25.0")
    assert told("keys") == ".venv/bin/python -m tools.bundle.keys"
    assert told("publish", "VERSION=1.1.0") == (
        ".venv/bin/python -m tools.hub publish 1.1.0 --file build/app-1.1.0.tar.gz"
    )
