"""What waits does not wait for ever, and what comes does not fill the heap."""

from rig import ACCEPTED, Rig
from test_backlog import away_for


def test_a_hub_that_wanted_few_requests_gets_all_the_same():
    case = away_for(600)
    case.agent.outbox.slowness = 32  # as after five answers of 429
    case.live(3600)
    assert case.agent.outbox is None
    assert sorted(case.numbers()) == list(range(1, case.n + 1))


def test_a_gateway_of_few_wants_no_answers_of_many():
    rig = Rig(ACCEPTED)
    rig.requests.max_body = 16 * 1024  # as the session has it
    for number in range(30):
        rig.agent.child("n%d" % number, model_id="m", firmware_version="1.0.0")
        assert rig.requests.max_body == max(16 * 1024, (number + 1) * 640)
