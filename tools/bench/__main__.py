import sys, tempfile, argparse, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tools.bench import callgrind, measure
from tools.bench.proxy import CountingProxy
from tools.bench.workshop import Workshop
from tools.hub.server import LocalHub

p = argparse.ArgumentParser()
p.add_argument("--lib", type=Path, default=Path("lib"))
p.add_argument("--subjects", default="ours,stock,floor")
p.add_argument("--metrics", default="heap,instructions")
p.add_argument("--profile")
p.add_argument("--delta", action="store_true")
p.add_argument("--count", type=int, default=200)
a = p.parse_args()
with tempfile.TemporaryDirectory() as t, LocalHub() as hub, CountingProxy(hub.port) as proxy:
    w = Workshop(Path(t), a.lib)
    print(w.sizes, sum(w.sizes.values()))
    stand = measure.Stand(w, hub, proxy, "http", None)
    if a.profile:
        out = Path("build/callgrind.out"); out.parent.mkdir(exist_ok=True)
        print(callgrind.profile(w, stand.config(measure.Case("http", a.delta), a.profile, "repeat", a.count), out))
        print("kept in", out)
        sys.exit()
    for s in a.subjects.split(","):
        for case in measure.CASES[:2]:
            row = {}
            if "heap" in a.metrics: row |= measure.traffic_and_heap(stand, case, s, a.count)
            if "instr" in a.metrics: row["instructions"] = measure.instructions(stand, case, s, 20, 20 + a.count)
            if "min" in a.metrics: row["min_heap"] = measure.smallest_heap(stand, case, s, a.count) / 1024
            if "time" in a.metrics: row["us"] = measure.median_us(stand, case, s, a.count)
            print(s, case, row, flush=True)
