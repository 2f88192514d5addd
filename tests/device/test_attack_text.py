"""Texts that MicroPython takes and the hub does not."""

import gc
import json

from rig import ACCEPTED, Rig
from telemetry.api import paired

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


def test_halves_in_every_order():
    first, second, hangul, emoji = "\ud83d", "\ude00", "\ud55c", "\U0001f600"
    texts = [("", "")]
    for _ in range(5):
        texts = [(a + c, b + d) for a, b in texts for c, d in ((first, "1"), (second, "2"), (hangul, "k"), ("x", "x"))]
        for text, kinds in texts:
            right = kinds.replace("12", emoji).replace("1", "?").replace("2", "?").replace("k", hangul)
            assert paired(text.encode()) == right.encode(), kinds


def test_no_character_of_a_text_is_kept():
    texts = [b"".join(bytes((0xED, 0x80 + n % 32, 0x80 + m)) for m in range(64)) for n in range(32)]
    paired(texts[0])
    gc.collect()
    before = gc.mem_alloc()
    for text in texts:
        assert paired(text) == text
    gc.collect()
    assert gc.mem_alloc() - before < 1024
