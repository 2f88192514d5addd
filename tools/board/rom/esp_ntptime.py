from esp_chip import call as _call

host = "pool.ntp.org"
timeout = 1


def time():
    # Seconds since 2000-01-01, as the world outside the board has it.
    return _call("ntp.time", host, timeout)


def settime():
    import time as _time

    import machine

    tm = _time.gmtime(time())
    machine.RTC().datetime((tm[0], tm[1], tm[2], tm[6] + 1, tm[3], tm[4], tm[5], 0))
