"""The whole over https: the board trusts the hub's own CA and nobody else."""

import base64
import re

import pytest
from conftest import HARDWARE_KEY, WIFI_PASSWORD

from tools.hub.tls import Authority

OVER_TLS = pytest.mark.parametrize("rig", [True], indirect=True)


@OVER_TLS
def test_a_new_board_registers_and_sends_over_one_connection(rig):
    rig.board.start()
    rig.more_telemetry(4)
    rig.board.wait_for(re.compile("registered: device .* at https://"))
    clock = rig.board.output.index("clock: 20")
    assert clock < rig.board.output.index("registered:")  # certificates have dates: the clock comes first
    for word in ("Error", HARDWARE_KEY, WIFI_PASSWORD, rig.state("/identity.json")["access_key"]):
        assert word not in rig.board.output


@OVER_TLS
def test_a_hub_that_restarts_is_met_again(rig):
    rig.board.start()
    rig.more_telemetry(2)
    rig.hub.stop()
    rig.board.wait_for("hub: NetworkError")
    rig.hub.start()
    rig.board.wifi_down()
    rig.board.wifi_up()
    rig.more_telemetry(2)
    assert rig.count("registered") == 1


@OVER_TLS
def test_a_hub_of_another_ca_learns_nothing(rig):
    other = base64.b64encode(Authority().der).decode()
    rig.settings(ca=other)
    rig.board.start()
    rig.board.wait_for("TlsError: POST https://127.0.0.1:")
    rig.board.wait_for("not correctly signed by the trusted CA")
    assert not rig.hub.devices() and not rig.count("registered")


@OVER_TLS
def test_the_public_roots_are_trusted_where_settings_name_no_ca(rig):
    rig.settings(ca=None)
    rig.board.start()
    rig.board.wait_for("not correctly signed by the trusted CA")
    assert not rig.hub.devices()


@OVER_TLS
def test_before_the_clock_is_set_nothing_is_sent(rig):
    rig.board.set_ntp_servers(None)
    rig.board.start()
    rig.board.wait_for("the clock is not set: no certificate can be checked")
    assert not rig.hub.devices()
    rig.board.set_ntp_servers(("*",))
    rig.board.wifi_down()
    rig.board.wifi_up()  # a network that returns is a reason to ask for the time again
    rig.more_telemetry(1)


@OVER_TLS
def test_without_verification_it_says_so_loudly(rig):
    rig.settings(ca=None, verify=False)
    rig.board.start()
    rig.more_telemetry(2)
    assert rig.board.output.count("NO SERVER IS VERIFIED") == 1


@OVER_TLS
@pytest.mark.parametrize("ca", ["/missing.der", "MIIB no base64", "-----BEGIN CERTIFICATE-----"])
def test_a_ca_that_is_none_is_named(rig, ca):
    rig.settings(ca=ca)
    rig.board.start()
    rig.board.wait_for(re.compile("ca: "))
    assert not rig.hub.devices()
