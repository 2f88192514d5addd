"""How the API writes a time: ISO 8601 UTC with milliseconds, 2021-08-04T07:45:44.122Z."""

import re
from datetime import UTC, datetime

# For who reads the description. More days than there are: check_time has the last word.
TIME = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"


def iso_utc(seconds: float) -> str:
    """Seconds since 1970 as the API writes them."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def check_time(text: str) -> str:
    """The text itself if it is a time as the API writes it. Raises ValueError."""
    try:
        if re.fullmatch(TIME, text):
            datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
            return text
    except ValueError:
        pass
    raise ValueError("ISO 8601 UTC with milliseconds is expected, as 2021-08-04T07:45:44.122Z")
