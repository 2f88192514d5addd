"""Twenty mixed keys that change in place: the user's part, which is the same for all and allocates nothing."""

KEYS = (
    "rssi", "co2",  # the two that change from one telemetry to the next in the cases named "delta"
    "temp", "hum", "lux", "pm25", "noise", "door", "motion", "mode", "fan", "power", "volt", "amp", "uptime", "errors",
    "input", "muted", "volume", "people",
)  # fmt: skip
EVEN = (
    -67,
    612,
    21.5,
    44.25,
    310,
    7.5,
    38.5,
    True,
    False,
    "auto",
    2,
    61.5,
    230.1,
    0.25,
    86400,
    0,
    "hdmi1",
    True,
    30,
    4,
)
ODD = (-68, 598, 21.75, 44.5, 305, 8.5, 41.5, False, True, "eco", 3, 60.5, 229.6, 0.5, 86460, 1, "hdmi2", False, 35, 6)
FEW = 2


class Readings:
    """`all` holds the twenty, `changed` those of them that changes touch: all of them, or the first two."""

    def __init__(self, delta):
        self.all = dict(zip(KEYS, EVEN))
        self.changed = {key: self.all[key] for key in KEYS[:FEW]} if delta else self.all
        self._count = len(self.changed)
        self._odd = False

    def read(self):
        """The next values."""
        self._odd = not self._odd
        values = ODD if self._odd else EVEN
        everything = self.all
        changed = self.changed
        i = self._count
        while i:
            i -= 1
            everything[KEYS[i]] = changed[KEYS[i]] = values[i]
        return everything
