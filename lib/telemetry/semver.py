"""Which of two versions is higher: Semantic Versioning 2.0.0, strictly (https://semver.org/spec/v2.0.0.html)."""

from micropython import const

_LETTERS = const("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def compare(a: str, b: str) -> int:
    """-1, 0 or 1 as version `a` is lower than, equal to or higher than `b` (SemVer 2.0.0, section 11).

    Build metadata has no weight. Raises ValueError, showing the text, for what is not a version.
    """
    x = _key(a)
    y = _key(b)
    return (x > y) - (x < y)


def is_valid(text: object) -> bool:
    """Whether `text` is a version by SemVer 2.0.0, sections 2, 9 and 10: three numbers, no `v`, no leading zeros."""
    try:
        _key(text)
    except ValueError:
        return False
    return True


def _key(text):
    # A tuple that sorts as section 11 wants: a release (no pre-release part) is higher than its pre-releases.
    if isinstance(text, str):
        core, plus, build = text.partition("+")
        core, dash, pre = core.partition("-")
        numbers = _identifiers(core)
        pre = dash and _identifiers(pre)
        # Numeric identifiers sort below alphanumeric ones, so one look at the highest shows that all are numeric.
        if len(numbers) == 3 and not max(numbers)[0] and (pre or not dash) and (not plus or _identifiers(build, True)):
            return numbers, not dash, pre
    raise ValueError("not a SemVer version: %r" % (text,))


def _identifiers(text, zeros=False):
    # The sort keys of the identifiers between the dots; none if one is malformed.
    keys = []
    for part in text.split("."):
        numeric = part.isdigit()
        if not part or part.strip(_LETTERS) or (numeric and not zeros and part != "0" and part.startswith("0")):
            return ()
        # Without leading zeros the longer number is the higher one: any length, and no big integers on the board.
        keys.append((0, len(part), part) if numeric else (1, 0, part))
    return keys
