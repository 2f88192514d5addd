"""What a version is: SemVer 2.0.0, as the package semver has it."""

import semver

MAX_VERSION = 255


def check_version(text: str) -> str:
    """The text itself if it is a SemVer 2.0.0 version of at most 255 characters. Raises ValueError."""
    try:
        if len(text) <= MAX_VERSION and text.isascii():
            semver.Version.parse(text)
            return text
    except ValueError:
        pass
    raise ValueError("a SemVer version such as 1.2.3 is expected")
