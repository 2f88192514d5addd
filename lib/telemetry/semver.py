"""Which of two versions is higher: Semantic Versioning 2.0.0, strictly (https://semver.org/spec/v2.0.0.html)."""


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
        try:
            numbers = _identifiers(core)
            if plus:
                _identifiers(build, True)
            # Numeric identifiers sort below alphanumeric ones, so one look at the highest shows that all are numeric.
            if len(numbers) == 3 and not max(numbers)[0]:
                return numbers, not dash, _identifiers(pre) if dash else 0
        except ValueError:
            pass
    raise ValueError("not a SemVer version: %r" % (text,))


def _identifiers(text, zeros=False):
    keys = []
    for part in text.split("."):
        numeric = True
        for c in part:
            if not "0" <= c <= "9":
                numeric = False
                if not ("a" <= c <= "z" or "A" <= c <= "Z" or c == "-"):
                    raise ValueError
        if not part or (numeric and not zeros and part[0] == "0" and part != "0"):
            raise ValueError
        # Without leading zeros the longer number is the higher one: any length, and no big integers on the board.
        keys.append((0, len(part), part) if numeric else (1, 0, part))
    return keys
