"""How the API writes a time."""

from datetime import UTC, datetime


def iso_utc(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 UTC with milliseconds: 2021-08-04T07:45:44.122Z."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
