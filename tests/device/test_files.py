from fakes import Response
from rig import ACCEPTED, TELEMETRY, UNREACHABLE, Rig
from support import raises
from telemetry import errors

FILE = {"id": "f/1", "name": "app.bin", "url": "http://hub/f", "checksum": "abc", "version": "1.1.0"}


def test_a_file_and_the_list_of_files():
    rig = Rig((200, FILE), (200, [FILE]), (200, b""))
    assert rig.agent.file("f/1") == FILE
    assert rig.agent.files() == [FILE]
    assert rig.agent.files() == []
    assert rig.paths() == ["GET /devices/d-1/files/f%2F1", "GET /devices/d-1/files", "GET /devices/d-1/files"]
    assert all(headers["Authorization"] == "key-1" and body is None for _, _, headers, body in rig.requests.sent)
    assert rig.requests.all_closed()


def test_what_goes_wrong_is_raised_by_its_kind():
    for status, kind in (
        (400, errors.Rejected),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (422, errors.Rejected),
        (429, errors.TooManyRequests),
        (503, errors.ServerError),
        (302, errors.HubError),
    ):
        for ask in (lambda rig: rig.agent.file("f-1"), lambda rig: rig.agent.files()):
            error = raises(kind, ask, Rig((status, {"error": "not with key-1"})))
            assert error.status == status and error.reason == "not with ..." and "/files" in error.request
    for answer in (UNREACHABLE, errors.Unanswered("broken off")):
        raises(errors.NetworkError, Rig(answer).agent.files)


def test_an_answer_of_another_kind_is_named():
    for answer in ([FILE], "f", 1, True):
        assert "dict" in str(raises(errors.ReplyError, Rig((200, answer)).agent.file, "f-1"))
    for answer in (FILE, "f", 1, True):
        assert "list" in str(raises(errors.ReplyError, Rig((200, answer)).agent.files))
    raises(errors.ReplyError, Rig((200, b"<html>")).agent.files)


def test_an_id_that_would_be_another_path_is_none():
    rig = Rig((200, FILE))
    for wrong in ("", None, 5):
        raises(errors.ReplyError, rig.agent.file, wrong)
    assert not rig.requests.sent
    rig.agent.file("../command?x#\u00e9")
    assert rig.paths() == ["GET /devices/d-1/files/..%2Fcommand%3Fx%23%C3%A9"]


def test_a_hub_that_wants_silence_has_it_from_everything():
    rig = Rig(Response(429, {}, {"Retry-After": "120"}), ACCEPTED)
    assert raises(errors.TooManyRequests, rig.agent.files).retry_after == 120
    raises(errors.TooManyRequests, rig.agent.files)
    error = raises(errors.TooManyRequests, rig.agent.file, "f-1")
    assert 100 < error.retry_after <= 132
    assert rig.agent.step() > 100
    assert len(rig.requests.sent) == 1
    rig.ticks.now += 133 * 1000
    rig.agent.step()
    assert rig.paths()[1:] == [TELEMETRY]
