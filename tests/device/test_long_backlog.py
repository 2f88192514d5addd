"""What waits does not wait for ever."""

from test_backlog import away_for


def test_a_hub_that_wanted_few_requests_gets_all_the_same():
    case = away_for(600)
    case.agent.slowness = 32  # as after five answers of 429
    case.live(3600)
    assert case.agent.outbox is None
    assert sorted(case.numbers()) == list(range(1, case.n + 1))
