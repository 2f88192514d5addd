"""The local hub against its own description: whatever comes, right or wrong, the answer is JSON as it says there.

Schemathesis makes the requests out of /openapi.json, the same ones in every run.
"""

import itertools

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tools.hub import LocalHub
from tools.hub.app import create_app
from tools.hub.testing import TestDevice

EXAMPLES = 8  # requests to each endpoint of each mode
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# What is wrong is refused; but children's messages each get an answer of their own, and the whole is right.
CHECKS_OF_WRONG = [*CHECKS, negative_data_rejection]
LENIENT = "POST /v1/devices/{device_id}/children/telemetries"
CONFIG = schemathesis.Config()
CONFIG.projects.default.generation.update(with_security_parameters=False, allow_x00=False)
SCHEMA = schemathesis.openapi.from_dict(create_app(None).openapi(), config=CONFIG)
OPERATIONS = {operation.ok().label: operation.ok() for operation in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module")
def hub():
    # A clock that leaps, so that update device never comes to its limit an hour.
    with LocalHub(clock=itertools.count(1_700_000_000, 600).__next__) as hub:
        hub.publish("1.0.0")
        yield hub


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def things_of(hub, device):
    """What there is at the hub, by the names that paths have for it: of everything one."""
    hub.claim(device.id)
    incident = {"title": "T", "issue": "i", "priority": 1, "description": "d"}
    return {
        "device_id": device.id,
        "command_id": hub.queue_command(device.id, "reboot")["id"],
        "license_id": hub.give_license(device.id, "a")["id"],
        "incident_id": device.request("POST", "/incidents", json=incident).json()["incident_id"],
        "dump_id": device.request("POST", "/dumps/text%2Fplain/a", content=b"x").json()["id"],
        "version": hub.publish("0.9.0")["version"],
        "file_id": device.request("GET", "/files").json()[0]["id"],
        "mime_type": "text%2Fplain",
        "filename": "a",
        "number": str(hub.fault("delay", device.id, delay=0)),
        "token": device.request("GET", "/files").json()[0]["url"].rpartition("/")[2],
    }


def about(case, things):
    """Have the request ask for what there is. An id that is wrong as a text stays so: it is what is tried."""
    case.path_parameters = {name: things.get(name, value) for name, value in case.path_parameters.items()}
    given = case.body.get("id") if isinstance(case.body, dict) else None
    if isinstance(given, str) and 0 < len(given) <= 255:
        case.body["id"] = things["license_id" if "license" in case.path else "command_id"]


def takes_more_than_ids(operation):
    """Any text may be an id, and any bytes a file: there is no wrong one."""
    return operation.query or any(body.media_type == "application/json" for body in operation.body)


RIGHT = [(label, GenerationMode.POSITIVE) for label in OPERATIONS]
WRONG = [(label, GenerationMode.NEGATIVE) for label in OPERATIONS if takes_more_than_ids(OPERATIONS[label])]


def test_every_part_is_described():
    assert len(RIGHT) >= 54 and len(WRONG) >= 20


@pytest.mark.parametrize("label, mode", RIGHT + WRONG, ids=str)
def test_every_answer_is_as_described(hub, session, label, mode):
    operation = OPERATIONS[label]
    device = TestDevice(hub.url, sn=f"{label} {mode.value}")
    things = things_of(hub, device)
    checks = CHECKS if mode is GenerationMode.POSITIVE or label == LENIENT else CHECKS_OF_WRONG
    key = f"Bearer {hub.cloud_key}" if "/cloud/" in label else device.key

    statuses = set()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.integers(0, 3))
    def run(case, known):
        if known:  # three in four times about what there is
            about(case, things)
        answer = case.call(hub.url, session, headers={"Authorization": key})
        case.validate_response(answer, checks=checks)
        statuses.add(answer.status_code)
        if answer.status_code >= 400 and not label.startswith("HEAD "):  # which has no body
            assert list(answer.json()) == ["error"]

    run()
    hub.clear_faults()  # what was asked for is not to be met by what comes next
    hub.set_rate_limit(None)
    # Right ones come through, so that what they ask for was tried and not only how they are refused.
    assert 200 in statuses or mode is GenerationMode.NEGATIVE
    device.close()


def test_the_hub_goes_on(hub):
    device = TestDevice(hub.url)
    assert device.send({"t": 1}).json()["success"] is True
    device.close()
