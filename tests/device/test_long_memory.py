"""When memory runs out where a failure is dealt with."""

from rig import ACCEPTED, UNREACHABLE, Rig
from telemetry import failures


def test_no_room_to_deal_with_a_failure_is_no_crash():
    rig = Rig(ACCEPTED)
    rig.agent.step()
    rig.requests.answers = [UNREACHABLE]
    was = failures.failed

    def failed(*arguments):
        raise MemoryError("memory allocation failed")

    failures.failed = failed
    try:
        for count in range(1, 4):
            assert 0 < rig.agent.step() < 60
            assert rig.agent._starved == count  # five in a row are a reason to start anew, one is none
    finally:
        failures.failed = was
    rig.requests.answers = [ACCEPTED]
    rig.agent.step()
    assert rig.agent._starved == 0 and rig.told()["status"] == "online"
