"""What goes wrong is said once, not once a minute, and saying it cannot go wrong."""

from sys import print_exception

from . import errors


class Reporter:
    """Prints failures to the console."""

    def __init__(self):
        self._said = {}

    def report(self, what: str, error: Exception, topic=None) -> None:
        """Prints `error` under the name `what`, unless the last report there said the same. `topic` stands for the
        name where that may not be the only one of its kind."""
        try:
            text = errors.described(error)
            topic = topic or what
            if self._said.get(topic) == text:
                return
            self._said[topic] = text
            print("%s: %s" % (what, text))
            if not hasattr(errors, type(error).__name__):  # the texts of ours say all: no traceback
                print_exception(error)
        except Exception:
            print(what)  # no memory for more, or an exception that cannot be printed

    def settled(self, topic) -> None:
        """It works again: the next failure is told, even if it is the same."""
        if self._said:  # hardly ever
            self._said.pop(topic, None)

    def guard(self, what: str, function, *arguments) -> bool:
        """Calls `function`; False, and a report, if it raised."""
        try:
            function(*arguments)
        except Exception as error:
            self.report(what, error)
            return False
        self.settled(what)
        return True
