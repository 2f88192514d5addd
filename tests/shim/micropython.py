"""What CPython lacks to run the pure logic of the device."""


def const(value):
    return value
