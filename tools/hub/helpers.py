"""The operator's functions as methods of a hub in this process."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from tools.hub import (
    cloud,
    cloud_commands,
    cloud_configs,
    cloud_licenses,
    cloud_reports,
    cloud_spaces,
    cloud_traffic,
)
from tools.hub.context import Context

P = ParamSpec("P")
R = TypeVar("R")


def helper(function: Callable[Concatenate[Context, P], R]) -> "Callable[Concatenate[Helpers, P], R]":
    """The method that calls `function` with the running hub: its arguments, result and docstring are the function's."""

    @functools.wraps(function)
    def method(self: "Helpers", *args: P.args, **kwargs: P.kwargs) -> R:
        return function(self._running(), *args, **kwargs)

    return method


class Helpers:
    """What an operator does in the cloud. Each method is the function of the same name in `cloud*.py`, and raises
    Refused as the cloud's interface answers: 400 for a value that is not allowed, 404 for an id that there is not."""

    def _running(self) -> Context:
        raise NotImplementedError

    def publish(self, version: str, data: bytes | None = None, name: str | None = None, **more: str) -> dict[str, Any]:
        """Publish a firmware; gives its id, checksum and so on. Without `data` some is made up. `more`: desc, notes,
        signature."""
        content = f"not a real firmware: {version}\n".encode() if data is None else data
        return cloud.publish(self._running(), version, content, name, **more)

    publish_file = helper(cloud.publish_file)
    withdraw = helper(cloud.withdraw)

    devices = helper(cloud.devices)
    device = helper(cloud.device)
    telemetries = helper(cloud.telemetries)
    delete = helper(cloud.delete)

    queue_command = helper(cloud_commands.queue_command)
    commands = helper(cloud_commands.commands)
    update_firmware = helper(cloud_commands.update_firmware)
    cancel_command = helper(cloud_commands.cancel_command)

    set_config = helper(cloud_configs.set_config)
    config = helper(cloud_configs.config)
    configs = helper(cloud_configs.configs)
    set_info = helper(cloud_configs.set_info)

    give_license = helper(cloud_licenses.give_license)
    update_license = helper(cloud_licenses.update_license)
    take_license = helper(cloud_licenses.take_license)
    licenses = helper(cloud_licenses.licenses)

    claim = helper(cloud_spaces.claim)
    unclaim = helper(cloud_spaces.unclaim)

    incidents = helper(cloud_reports.incidents)
    close_incident = helper(cloud_reports.close_incident)
    device_events = helper(cloud_reports.device_events)
    dumps = helper(cloud_reports.dumps)
    dump = helper(cloud_reports.dump)
    children = helper(cloud_reports.children)
    cloud_settings = helper(cloud_reports.cloud_settings)

    fault = helper(cloud_traffic.fault)
    faults = helper(cloud_traffic.faults)
    clear_faults = helper(cloud_traffic.clear_faults)
    set_rate_limit = helper(cloud_traffic.set_rate_limit)
    requests = helper(cloud_traffic.requests)
