"""Tries the cuts of one piece of state on one file system; see tools/soak/power.py, which runs it.

Its plan is a line of JSON on standard input; it says on standard output, as a line of JSON, how many cuts there were.
"""

import gc
import json
import os
import random
import sys

import vfs
from flash import cuts
from flows import FLOWS, prepare
from hub import new_world
from life import ROOT, Life, said, saves

# Name -> driver, bytes of a block, number of blocks.
_KINDS = {
    "LittleFS2": ("VfsLfs2", 512, 64),
    "LittleFS2 of 4096": ("VfsLfs2", 4096, 16),
    "FAT": ("VfsFat", 512, 128),
    "FAT of 4096": ("VfsFat", 4096, 64),
}


class Trial:
    """One flow on one file system."""

    def __init__(self, flow, kind, others, plan):
        name, self.block, blocks = _KINDS[kind]
        size = flow.bytes or self.block * blocks
        self.driver = getattr(vfs, name)
        self.flow = flow
        self.plan = plan
        self.kind = kind
        self.lives = self.cuts = 0
        self.life = None  # the one that is lived
        # Made once: a heap has little room in one piece.
        self.flash, self.once, self.twice = (bytearray(size + flow.extra) for _ in range(3))
        self.content = self.formatted(others)

    def formatted(self, others):
        world = new_world()
        self.flash[:] = b"\xff" * len(self.flash)
        life = Life(self.flow, self.driver, self.block, self.flash, world.moment())
        self.driver.mkfs(life.flash)
        vfs.mount(self.driver(life.flash), ROOT)
        self.flow.lay_out(life.flash)
        files = self.flow.files()
        files.update({"file%d.py" % n: "pass\n" * 9 for n in range(others)})
        for name in files:
            folder = ""
            for part in name.split("/")[:-1]:
                if part not in os.listdir(folder or ROOT):
                    os.mkdir(folder + "/" + part)
                folder += "/" + part
            with open(ROOT + name, "w") as file:
                file.write(files[name])
        self.flow.others = list(files)
        vfs.umount(ROOT)
        return bytes(self.flash)

    def live(self, content, moment, cut_at, check=True):
        self.flash[:] = content
        self.life = life = Life(self.flow, self.driver, self.block, self.flash, moment)
        life.world.now["cuts"] = len(cut_at)
        life.world.touch()
        self.lives += 1
        try:
            life.live(self.flow.check if check else None)
            for report in life.reports:
                assert [1 for may in self.flow.reports if report.startswith(may)], report
        except Exception as error:
            where = (self.flow.state, self.flow.what, self.kind, len(self.flow.others), cut_at)
            print("cut:", where, "\nsaid:", said, "\nworld:", life.world.moment())
            raise error
        return life

    def prepared(self):
        """What the power finds: settled, after what is done before."""
        acts = self.flow.acts
        moment = new_world().moment()
        content = self.content
        if self.flow.before:
            self.flow.acts = self.flow.before
            life = self.live(content, moment, (), check=False)
            life.world.now["acts"] = 0
            life.world.touch()
            content, moment = bytes(self.flash), life.world.moment()
        self.flow.acts = acts
        return content, moment

    def run(self):
        content, moment = self.prepared()
        first = self.live(content, moment, ())
        for name, after, moment in cuts(content, first.flash.log, self.once):
            if random.random() >= self.plan["firsts"]:
                continue
            log = self.live(after, moment, (name,)).flash.log
            self.cuts += 1
            self.quiet((name,))
            share = self.plan["seconds"] / (2 * len(log) + 1)
            for again, after_two, moment_two in cuts(after, log, self.twice):
                if random.random() < share:
                    self.live(after_two, moment_two, (name, again))
                    self.cuts += 1

    def quiet(self, cut_at):
        """Now and then: a start after which there is nothing to do writes nothing and does nothing."""
        if self.flow.rests and random.random() < self.plan["quiet"]:
            before = dict(self.life.world.now)
            now = self.live(self.flash, self.life.world.moment(), cut_at)
            assert not now.flash.log, ("writes at rest", self.flow.what)
            before["applied"] = now.world.now["applied"]
            assert now.world.now == before, ("does at rest", self.flow.what)

    def found(self):
        return {
            "state": self.flow.state,
            "what": self.flow.what,
            "kind": self.kind,
            "cuts": self.cuts,
            "lives": self.lives,
        }


def main():
    plan = json.loads(sys.stdin.readline())
    gc.threshold(4 * 1024 * 1024)
    for name in plan["modules"]:  # else each would be loaded anew whenever it is needed, which takes most of the time
        __import__("telemetry." + name)
    prepare(plan)
    random.seed(plan["seed"])
    trial = None
    saves(lambda: trial.life.world)
    vfs.umount(ROOT)  # of the host: nothing is needed from there any more
    for flow in FLOWS:
        if flow.state in plan["states"]:
            for others in plan["others"]:
                trial = Trial(flow, plan["kind"], others, plan)
                trial.run()
                print("FOUND", json.dumps(trial.found()))


main()
