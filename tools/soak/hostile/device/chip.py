"""What of a board is not real here: the chip, and time."""


class Restart(BaseException):
    """As a chip's, it is seen by nothing of the program."""


class Board:
    hung = ""
    doing = wdt = None

    def is_connected(self):
        return True

    def address(self):
        return "10.0.2.15"

    def is_pressed(self):
        return False

    def light(self, on):
        pass

    def feed(self):
        pass

    def heap(self):
        return ()

    def rest(self):
        pass

    def wifi_strength(self):
        return -60

    def serial_number(self):
        return "SN"

    def reset_cause(self):
        return "power on"

    def reset(self):
        raise Restart


class Ticks:
    now = 1000

    def __call__(self):
        return self.now

    def sleep(self, ms):
        self.now += ms
