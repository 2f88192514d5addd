"""Texts that MicroPython takes and the hub does not."""

import json

from rig import ACCEPTED, Rig

INTERPRETERS = ["micropython"]  # whose JSON leaves the two halves of an escaped emoji as they are


def test_an_escaped_emoji_goes_back_to_the_hub_as_utf_8():
    bodies = []
    rig = Rig(ACCEPTED)
    request = rig.requests.request

    def kept(method, url, data=None, headers=None, timeout=None):
        bodies.append(data)
        return request(method, url, data, headers, timeout)

    rig.requests.request = kept
    label = json.loads('"lamp \\ud83d\\ude00"')

    @rig.agent.telemetry
    def read():
        return {"label": label, "half": "\ud83d", "other": "\ude00.", "korean": "\ud55c"}

    rig.agent.step()
    rig.agent.ask("POST /config", None, {"label": label})
    for body in bodies:
        assert b"lamp \xf0\x9f\x98\x80" in body and b"\xed\xa0" not in body and b"\xed\xb8" not in body
    assert [json.loads(bodies[0])["telemetries"][name] for name in ("half", "other", "korean")] == ["?", "?.", "\ud55c"]
