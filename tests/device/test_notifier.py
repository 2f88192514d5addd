from fakes import Board, Ticks
from support import raises
from telemetry import notifier
from telemetry.notifier import Notifier


def blinks(a_notifier, board, ticks, ms=2000):
    seen = set()
    for _ in range(ms // 50):
        a_notifier.is_accepted()
        seen.add(board.lit)
        ticks.now += 50
    return seen == {True, False}


def test_it_blinks_until_it_is_cleared():
    ticks, board = Ticks(notifier), Board()
    a_notifier = Notifier(board)
    assert not blinks(a_notifier, board, ticks)
    a_notifier.show("1.1.0")
    assert blinks(a_notifier, board, ticks)
    a_notifier.clear()
    assert not board.lit and not blinks(a_notifier, board, ticks)


def test_the_button_counts_only_while_it_blinks():
    Ticks(notifier)
    board = Board()
    a_notifier = Notifier(board)
    board.pressed = True
    assert not a_notifier.is_accepted()
    a_notifier.show("1.1.0")
    assert not a_notifier.is_accepted()  # held down since before: no answer
    board.pressed = False
    assert not a_notifier.is_accepted()
    board.pressed = True
    assert a_notifier.is_accepted()
    assert not a_notifier.is_accepted()  # once for one press


def test_what_could_not_be_said_is_not_asked():
    board = Board()
    a_notifier = Notifier(board)
    notifier.print = lambda line: bytearray(1 << 60)
    try:
        raises(MemoryError, a_notifier.show, "1.1.0")
    finally:
        del notifier.print
    board.pressed = True
    assert not a_notifier.is_accepted() and not board.lit


def test_who_presses_as_soon_as_the_line_is_there_has_pressed():
    Ticks(notifier)
    board = Board()
    a_notifier = Notifier(board)
    notifier.print = lambda line: setattr(board, "pressed", True)
    try:
        a_notifier.show("1.1.0")
    finally:
        del notifier.print
    assert a_notifier.is_accepted()
