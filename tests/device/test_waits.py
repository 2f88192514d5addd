from telemetry.clock import backoff, jittered


def test_waits_double_up_to_the_most_with_jitter():
    for failures, most in enumerate((4, 8, 16, 32, 60, 60, 60)):
        assert most / 2 <= backoff(failures + 1, 4, 60) <= most
    assert 30 <= backoff(10**6, 4, 60) <= 60


def test_boards_that_failed_together_do_not_come_back_together():
    assert len({backoff(1, 300, 300) for _ in range(50)}) > 25


def test_the_server_is_heard_within_reason():
    assert backoff(1, 4, 60, 30) >= 30
    assert backoff(1, 4, 60, 0) <= 4
    assert 3600 <= backoff(1, 4, 60, 10**9) <= 3600 * 1.1


def test_jittered_stays_within():
    assert all(10 <= jittered(10, 12) <= 12 for _ in range(100))
