"""What tests need under both interpreters: MicroPython has no pytest."""


def raises(kind, function, *args, **kwargs):
    """The exception of type `kind` that the call raises; anything else fails the test."""
    try:
        result = function(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError("no %s, but %r" % (kind.__name__, result))
