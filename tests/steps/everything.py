"""What the user of this board wrote, too, if he uses all that there is."""


def add(agent):
    @agent.telemetry
    def read():
        if not agent.notices:
            agent.event("measured", "test", int_key_1=1)
            agent.incident("Too warm", "warm", 1, "21.5").close()
        return {"claimed": agent.claimed, "licensed": agent.licensed("recording"), "mode": agent.config.get("mode")}

    lamp = agent.child("lamp", model_id="m", firmware_version="1.0.0")

    @lamp.telemetry
    def level():
        return {"level": 5}
