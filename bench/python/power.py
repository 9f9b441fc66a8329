"""Power: ten points of 1,000 simulations each on one thread, beside R where R can do the same.

    python3 bench/python/power.py [RANEF [RUNS]] > bench/results/DATE-power.json

RANEF is the program, target/release/ranef unless told; the results name it, since a program of the dev
profile (where the engine is optimised and the rest is not) is slower. Timed is a whole run of `ranef power`, start
of the process included. In R the same studies are drawn, fitted and tested by hand with lme4 and
lmerTest (simr is not in Debian), 20 of them at the largest size; its record is the time of all
10,000 at that pace. Each record is that of bench/README.md: medians, with the fastest and slowest run.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

RANEF = sys.argv[1] if len(sys.argv) > 1 else "target/release/ranef"
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 3

SLOPE = """
formula = "y ~ x + (x | group)"
residual_sd = 1.0
[groups.group]
levels = 60
size = 20
[predictors.x]
distribution = "normal"
[effects]
x = 0.15
[variances.group]
sd = { "(Intercept)" = 0.5, x = 0.3 }
"""
CROSSED = """
formula = "y ~ cond + (cond | subject) + (cond | item)"
residual_sd = 1.0
[groups.subject]
levels = 60
[groups.item]
levels = 40
[predictors.cond]
distribution = "binary"
[effects]
cond = 0.3
[variances.subject]
sd = { "(Intercept)" = 0.5, cond = 0.3 }
correlation = 0.2
[variances.item]
sd = { "(Intercept)" = 0.4, cond = 0.3 }
correlation = 0.2
"""
BINOMIAL = """
formula = "y ~ x + (1 | group)"
family = "binomial"
[groups.group]
levels = 50
size = 20
[predictors.x]
distribution = "normal"
[effects]
x = 0.2
[variances.group]
sd = 0.7
"""
# Ten values each: of an effect, for which one set of draws serves, and of something for which it does
# not, so that every study is of full size and fitted.
CASES = [
    ("power-slope-effects", SLOPE, ["--effect", "x=0.03..0.3/0.03"]),
    ("power-slope-sd", SLOPE, ["--sd", "group:x=0.1..0.55/0.05"]),
    ("power-crossed-effects", CROSSED, ["--effect", "cond=0.06..0.6/0.06"]),
    ("power-crossed-sd", CROSSED, ["--sd", "subject:cond=0.1..0.55/0.05"]),
    ("power-binomial-effects", BINOMIAL, ["--effect", "x=0.04..0.4/0.04"]),
]
R = """
suppressMessages({library(lme4); library(lmerTest)})
quiet <- function(x) suppressMessages(suppressWarnings(x))
slope <- function() {
  g <- rep(1:60, each = 20); x <- rnorm(1200)
  y <- .15 * x + .5 * rnorm(60)[g] + .3 * rnorm(60)[g] * x + rnorm(1200)
  coef(summary(quiet(lmer(y ~ x + (x | g), data.frame(y, x, g)))))[2, 5]
}
crossed <- function() {
  d <- expand.grid(s = 1:60, i = 1:40); d$cond <- (d$s + d$i) %% 2; n <- nrow(d)
  L <- t(chol(matrix(c(1, .2, .2, 1), 2)))
  b <- L %*% matrix(rnorm(120), 2) * c(.5, .3); v <- L %*% matrix(rnorm(80), 2) * c(.4, .3)
  d$y <- .3 * d$cond + b[1, d$s] + b[2, d$s] * d$cond + v[1, d$i] + v[2, d$i] * d$cond + rnorm(n)
  coef(summary(quiet(lmer(y ~ cond + (cond | s) + (cond | i), d))))[2, 5]
}
answers <- function() {
  g <- rep(1:50, each = 20); x <- rnorm(1000)
  y <- rbinom(1000, 1, plogis(.2 * x + .7 * rnorm(50)[g]))
  coef(summary(quiet(glmer(y ~ x + (1 | g), data.frame(y, x, g), family = "binomial"))))[2, 4]
}
set.seed(1)
for (name in c("slope", "crossed", "answers")) {
  f <- get(name); f(); t <- replicate(20, sum(system.time(f())[1:2]))
  cat(name, median(t), min(t), max(t), "\\n")
}
cat("version", as.character(packageVersion("lme4")), as.character(packageVersion("lmerTest")), "\\n")
"""


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def machine():
    names = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")]
    dirty = "+" if output("git", "status", "--porcelain") else ""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": output("git", "rev-parse", "--short=12", "HEAD") + dirty,
        "processor": names[0] if names else platform.processor(),
        "threads": 1,
        "profile": "dev" if "debug" in RANEF else "release",
        "load": f"{os.getloadavg()[0]:.2f}",
        "rustc": output("rustc", "--version"),
        "r": output("R", "--version").split("\n")[0],
    }


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, done.stdout


def three(values):
    return [statistics.median(values), min(values), max(values)]


def main():
    os.environ["RAYON_NUM_THREADS"] = "1"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    print(json.dumps(machine()))
    with tempfile.TemporaryDirectory() as folder:
        for name, design, options in CASES:
            path = os.path.join(folder, f"{name}.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(design)
            runs = [timed([RANEF, "power", path, "--json", *options]) for _ in range(RUNS)]
            points = json.loads(runs[0][2])["points"]
            record = {
                "case": name,
                "peer": "ranef",
                "version": output(RANEF, "--version").split()[-1],
                "runs": RUNS,
                "cpu": three([r[0] for r in runs]),
                "wall": three([r[1] for r in runs]),
                "note": {
                    "rows": points[-1]["nobs"],
                    "power": [p["power"] for p in points],
                    "by formula": [p["analytic"] for p in points],
                    "failed": sum(p["failed"] for p in points),
                },
            }
            print(json.dumps(record), flush=True)
    lines = [l.split() for l in output("Rscript", "-e", R).split("\n") if l]
    versions = next((l[1:] for l in lines if l[0] == "version"), [])
    for name, *seconds in (l for l in lines if l[0] != "version"):
        cpu = [10_000 * float(s) for s in seconds]
        note = "10,000 times the processor time of one study drawn, fitted and tested (20 of them)"
        record = {"case": f"power-{name}", "peer": "lme4, lmerTest", "version": versions, "cpu": cpu}
        print(json.dumps({**record, "runs": 20, "note": note}), flush=True)


main()
