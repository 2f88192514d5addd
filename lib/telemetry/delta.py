"""Only what changed: what the hub knows already, by the last message that it accepted, is not sent again (pure)."""

from micropython import const

from .message import check, check_pair

_FULL_EVERY = const(240)  # messages: in case the hub lost what it had
# What the hub surely takes: numbers, whole or not, this near to 0, and texts of so many characters.
_SURE = const(0x3FFFFFFF)
_SURE_TEXT = const(250)
# For the innermost loop of every message: looking up a builtin takes longer than all else that is done for a value.
_BUILTINS = (type, len, int, float, bool, str)


class Delta:
    """What goes into the next telemetry.

    Each message: `begin`, `add` what every function read, `end`; send `changed`, as the whole state if `is_full`, and
    call `accepted` when it was. The first message is full, and each after one that was not accepted or may not have
    arrived: nobody knows what the hub has then.
    """

    def __init__(self):
        self.changed: dict = {}  # good until the next `begin`
        self.is_full = True
        self.known: dict = {}  # key -> value: what the hub has, and what is on its way there
        self._owner: dict = {}  # whose function gave it, by its number
        self._is_certain = False  # that the hub has just what is known
        self._is_torn = False  # what is known is not all in this message
        self._until_full = 0
        self._read: list = []  # what the functions read for this message

    def begin(self) -> None:
        """The next message starts."""
        self.is_full = not (self._is_certain and self._until_full)
        if self.is_full:
            self.known.clear()
            self._owner.clear()
            self._until_full = _FULL_EVERY
        self._is_certain = self._is_torn = False
        self.changed = {}
        self._read.clear()

    def add(self, values: dict, tolerances: dict, owner: int = 0) -> None:
        """Takes up what one function read; `owner` is its number. `tolerances`: key -> how far a number may go from
        what the hub knows before it is sent. Raises MessageError, naming the key, and then takes up none of `values`.
        """
        known = self.known
        changed: list = []
        kind_of, size_of, whole, real, truth, text = _BUILTINS
        if kind_of(values) is not dict:
            check(values)
        if self._read:
            self._own_changed()
        was_torn = self._is_torn
        self._is_torn = True  # whatever happens from here on: the next message is a full one
        try:
            for key in values:
                value = values[key]
                if key in known:
                    old = known[key]
                    if value is old:
                        continue
                    kind = kind_of(value)
                    if value == old and kind is kind_of(old):  # for the hub 1, 1.0 and true are not one
                        continue
                    if kind is real or kind is whole:
                        if not -_SURE < value < _SURE:
                            check_pair(key, value)
                        if tolerances and kind is kind_of(old) and abs(value - old) <= tolerances.get(key, -1):
                            continue
                    elif kind is not truth and (kind is not text or size_of(value) > _SURE_TEXT):
                        check_pair(key, value)
                else:
                    check_pair(key, value)
                    self._owner[key] = owner
                changed.append(key)
                known[key] = value
        except ValueError:  # MessageError
            if not changed:
                self._is_torn = was_torn
            raise
        # From what was checked, never from `values`: they are the user's, and may change meanwhile.
        if not self._read and size_of(changed) == size_of(known):
            self.changed = known
        else:
            for key in changed:
                self.changed[key] = known[key]
        self._read.append(values)
        self._is_torn = was_torn

    def _own_changed(self):
        if self.changed is self.known:
            self.changed = self.known.copy()

    def end(self, failed=()) -> None:
        """All functions were asked: what they no longer give is removed from the hub's state. `failed`: the numbers of
        those whose values nobody knows; theirs stay."""
        known = self.known
        if len(self._read) == 1 and len(self._read[0]) == len(known):
            return  # as nearly always: every key that is known was read just now
        self._own_changed()
        for key in list(known):
            if self._owner[key] not in failed and not any(key in values for values in self._read):
                self.changed[key] = None
                del known[key]

    def accepted(self) -> None:
        """The hub has it."""
        self._is_certain = not self._is_torn
        self._until_full -= 1
        self._read.clear()  # the user's: to be let go of

    def forget(self) -> None:
        """The hub may have nothing of it any longer: the next message is a full one."""
        self._is_certain = False
