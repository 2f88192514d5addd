from support import raises
from telemetry.semver import compare, is_valid

# SemVer 2.0.0, section 11, and its finer points; each is lower than the next.
_ASCENDING = """
0.0.0-0 0.0.0 0.0.1 0.1.0 0.9.9 0.10.0
1.0.0-0 1.0.0-0.0 1.0.0-1 1.0.0-9 1.0.0-10 1.0.0-99999999999999999999 1.0.0-100000000000000000000
1.0.0-- 1.0.0--- 1.0.0---- 1.0.0-0a 1.0.0-1a 1.0.0-A 1.0.0-Z 1.0.0-a
1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.1.0 1.0.0-alpha.2 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11
1.0.0-rc.1 1.0.0 1.0.1-0 1.0.1 1.9.0 1.10.0 2.0.0 2.1.0 2.1.1 9.0.0 10.0.0
99999999999999999999.0.0 100000000000000000000.0.0
"""
ASCENDING = _ASCENDING.split()

INVALID = (
    "",
    "1",
    "1.2",
    "1.2.3.4",
    "v1.2.3",
    "V1.2.3",
    "=1.2.3",
    "01.2.3",
    "1.02.3",
    "1.2.03",
    "1.2.3-01",
    "1.2.3-a.01",
    "1.2.3-",
    "1.2.3-a.",
    "1.2.3-.a",
    "1.2.3-a..b",
    "1.2.3+",
    "1.2.3+a.",
    "1.2.3+a..b",
    "1.2.3-+a",
    "1.2.3-a+",
    "1.2.3+a+b",
    "1.2.3-a_b",
    "1.2.3-é",
    "1.2.3-\u212a",  # KELVIN SIGN: its lower case is an ASCII k
    "1.2.\u0663",  # ARABIC-INDIC DIGIT THREE
    "1.2.\xb2",  # SUPERSCRIPT TWO
    " 1.2.3",
    "1.2.3 ",
    "1.2.3\n",
    "1.2.3\x00",
    "1..3",
    "-1.2.3",
    "1.-2.3",
    "1.2.-3",
    "+1.2.3",
    "1,2,3",
    "1.2.x",
    "a.b.c",
    "latest",
)


def test_order():
    for i, a in enumerate(ASCENDING):
        for j, b in enumerate(ASCENDING):
            assert compare(a, b) == (i > j) - (i < j), (a, b)


def test_build_metadata_has_no_weight():
    for a, b in (("1.0.0", "1.0.0+1"), ("1.0.0+001", "1.0.0+z.-"), ("1.0.0-a+x", "1.0.0-a+y-z"), ("1.0.0+-", "1.0.0")):
        assert is_valid(a) and is_valid(b)
        assert compare(a, b) == 0, (a, b)
    assert compare("1.0.0+2", "1.0.1+1") == -1


def test_numbers_of_any_length():
    long = "9" * 5000
    assert compare(long + ".0.0", "1" + "0" * 5000 + ".0.0") == -1
    assert compare("1.0.0-" + long, "1.0.0-" + long) == 0


def test_what_is_no_version():
    for text in INVALID:
        assert not is_valid(text), text
        for pair in ((text, "1.0.0"), ("1.0.0", text)):
            assert repr(text) in str(raises(ValueError, compare, *pair))


def test_what_is_no_string():
    for value in (None, 1, 1.5, True, b"1.0.0", ("1", "0", "0"), ["1.0.0"], {}):
        assert not is_valid(value)
        assert repr(value) in str(raises(ValueError, compare, "1.0.0", value))


def test_examples_of_the_specification():
    for text in (
        "1.0.0-alpha+001",
        "1.0.0+20130313144700",
        "1.0.0-beta+exp.sha.5114f85",
        "1.0.0+21AF26D3---117B344092BD",
        "1.0.0-x.7.z.92",
        "1.0.0-x-y-z.--",
        "1.0.0-0A.is.legal",
        "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
    ):
        assert is_valid(text), text
