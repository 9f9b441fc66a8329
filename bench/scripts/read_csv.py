"""Reads a CSV with polars and prints the seconds of every run: read_csv.py FILE RUNS"""

import json
import os
import sys
import time

import polars

file, runs = sys.argv[1], int(sys.argv[2])


def status(key):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
before = status("VmRSS")
cpu, wall = [], []
for run in range(runs):
    start, used = time.perf_counter(), time.process_time()
    table = polars.read_csv(file)
    wall.append(time.perf_counter() - start)
    cpu.append(time.process_time() - used)
    if run == 0:
        peak = status("VmHWM")
assert table.shape == (1_000_000, 8), table.shape
assert polars.thread_pool_size() == int(os.environ["POLARS_MAX_THREADS"])


def summary(seconds):
    return [sorted(seconds)[len(seconds) // 2], min(seconds), max(seconds)]


print(json.dumps({
    "version": polars.__version__, "runs": runs, "cpu": summary(cpu), "wall": summary(wall),
    "memory_before": before, "memory_peak": peak,
}))
