"""Mixed-model packages of PyPI beside each other: CPU time, peak memory, and whether the answer is
right. `cargo xtask bench python [WORD…]` runs the cases whose names contain a word.

Every package fits every case in a process of its own, from a data frame in memory (the kind that it
likes best) to coefficients with standard errors. Data are made or read before the clock starts. The
call is repeated for two seconds, three times at least, unless one takes longer than a minute.

Right is an answer whose log-likelihood is the reference's within 1e-3, whose coefficients are within
1 % of a standard error of the reference's and whose standard errors are within 1 % of its. The
reference is lme4 where the case names its numbers, and the highest log-likelihood of this run
otherwise.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 180.0

# Cases ---------------------------------------------------------------------------------------------


def built_in(name: str) -> Callable[[], Any]:
    def load() -> Any:
        import ranef

        return ranef.data(name).to_pandas()

    return load


def million() -> Any:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(20261122)
    rows, groups = 1_000_000, 50_000
    g = rng.integers(0, groups, rows)
    x = rng.normal(size=(rows, 5))
    slopes = rng.normal(size=(groups, 2)) * [1.0, 0.5]
    y = x @ [0.5, 1, -1, 0, 2] + slopes[g, 0] + slopes[g, 1] * x[:, 0] + rng.normal(size=rows) * 2
    return pd.DataFrame({"y": y, "g": g, **{f"x{k + 1}": x[:, k] for k in range(5)}})


def thousands() -> Any:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    rows, groups = 20_000, 500
    g = rng.integers(0, groups, rows)
    x = rng.normal(size=rows)
    b = rng.normal(size=(groups, 2)) * [1.0, 0.5]
    y = 1 + 2 * x + b[g, 0] + b[g, 1] * x + rng.normal(size=rows)
    return pd.DataFrame({"y": y, "x": x, "g": g})


#: name: formula, family, REML, data, categorical columns, loglik of lme4 where it is known
CASES: Dict[str, Tuple[str, str, bool, Callable[[], Any], List[str], Optional[float]]] = {
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", "gaussian", True, built_in("sleepstudy"), ["Subject"], -871.8141359792),
    "penicillin": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "gaussian", True, built_in("Penicillin"), ["plate", "sample"], -165.4302943),
    "thousands": ("y ~ x + (x | g)", "gaussian", True, thousands, ["g"], None),
    "insteval": ("y ~ service + (1 | s) + (1 | d)", "gaussian", False, built_in("InstEval"), ["s", "d", "service"], None),
    "million": ("y ~ x1 + x2 + x3 + x4 + x5 + (x1 | g)", "gaussian", True, million, ["g"], None),
    "cbpp": ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "binomial", True, built_in("cbpp"), ["herd", "period"], -92.02628186),
    "verbagg": ("r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", "binomial", True, built_in("VerbAgg"), ["id", "item"], None),
}

# Packages: each gives (log-likelihood, coefficients, standard errors) -----------------------------------

Answer = Tuple[float, List[float], List[float]]


def categories(frame: Any, columns: List[str]) -> Any:
    return frame.assign(**{c: frame[c].astype(str).astype("category") for c in columns})


def ranef_package(kind: str) -> Any:
    def prepare(case: str) -> Tuple[Callable[[], Any], Callable[[Any], Answer]]:
        import ranef as rf

        formula, family, reml, load, factors, _ = CASES[case]
        frame = load()
        if case == "insteval":
            frame = categories(frame, factors)
        if kind == "polars":
            import polars

            frame = polars.from_pandas(frame)

        def fit() -> Any:
            if family == "gaussian":
                return rf.lmer(formula, frame, REML=reml, factors=factors if case == "million" else ())
            return rf.glmer(formula, frame, family=family)

        return fit, lambda f: (f.loglik, list(f.fixef.values()), list(f.se.values()))

    return prepare


def statsmodels_like(module: str) -> Any:
    def prepare(case: str) -> Tuple[Callable[[], Any], Callable[[Any], Answer]]:
        formula, family, reml, load, _, _ = CASES[case]
        if family != "gaussian" or formula.count("|") > 1:
            raise NotImplementedError("one grouping factor, gaussian")
        if module == "statsmodels":
            import statsmodels.formula.api as api
        else:
            import mixedlm_rs as api
        frame = load()
        fixed, _, bar = formula.partition(" + (")
        slope, group = bar.rstrip(")").split(" | ")

        def fit() -> Any:
            model = api.mixedlm(fixed, frame, groups=frame[group], re_formula=f"~{slope}")
            return model.fit(reml=reml)

        return fit, lambda f: (float(f.llf), list(f.fe_params), list(f.bse_fe))

    return prepare


def mixedlm_package(case: str) -> Tuple[Callable[[], Any], Callable[[Any], Answer]]:
    import mixedlm
    import numpy as np

    formula, family, reml, load, factors, _ = CASES[case]
    frame = categories(load(), factors)
    if case == "cbpp":
        formula = "incidence / size ~ period + (1 | herd)"
    if case == "verbagg":
        frame = frame.assign(r2=(frame["r2"] == "Y").astype(float))

    def fit() -> Any:
        if family == "gaussian":
            return mixedlm.lmer(formula, frame, REML=reml)
        return mixedlm.glmer(formula, frame, family=mixedlm.families.Binomial())

    def answer(f: Any) -> Answer:
        likelihood = f.logLik()
        value = getattr(likelihood, "value", likelihood)
        return float(value), list(map(float, np.asarray(f.beta))), list(np.sqrt(np.diag(np.asarray(f.vcov()))))

    return fit, answer


def lme_python_package(case: str) -> Tuple[Callable[[], Any], Callable[[Any], Answer]]:
    import lme_python
    import polars

    formula, family, reml, load, factors, _ = CASES[case]
    frame = load()
    frame = frame.assign(**{c: frame[c].astype(str) for c in factors})
    for column in frame.select_dtypes("category"):
        frame[column] = frame[column].astype(str)
    if case == "verbagg":
        frame = frame.assign(r2=(frame["r2"] == "Y").astype(float))
    table = polars.from_pandas(frame)

    def fit() -> Any:
        if family == "gaussian":
            return lme_python.lmer(formula, data=table, reml=reml)
        return lme_python.glmer(formula, data=table, family_name="binomial")

    return fit, lambda f: (f.log_likelihood, list(f.coefficients), list(f.beta_se or f.std_errors))


def glmm_package(case: str) -> Tuple[Callable[[], Any], Callable[[Any], Answer]]:
    import glmm

    formula, family, reml, load, factors, _ = CASES[case]
    frame = load()
    frame = frame.assign(**{c: frame[c].astype(str) for c in factors})
    for column in frame.select_dtypes("category"):
        frame[column] = frame[column].astype(str)
    if case == "cbpp":
        frame = frame.assign(healthy=frame["size"] - frame["incidence"])
        formula = "cbind(incidence, healthy) ~ period + (1 | herd)"
    if case == "verbagg":
        frame = frame.assign(r2=(frame["r2"] == "Y").astype(float))

    def fit() -> Any:
        # Its default computes Satterthwaite's degrees of freedom, which the others do when asked.
        return glmm.fit(frame, formula, family, reml=reml if family == "gaussian" else None, satterthwaite=False)

    return fit, lambda f: (float(f.loglik), list(map(float, f.beta)), list(map(float, f.se)))


PACKAGES = {
    "ranef (polars)": ("ranef", ranef_package("polars")),
    "ranef (pandas)": ("ranef", ranef_package("pandas")),
    "statsmodels": ("statsmodels", statsmodels_like("statsmodels")),
    "mixedlm": ("mixedlm", mixedlm_package),
    "lme-python": ("lme-python", lme_python_package),
    "mixedlm-rs": ("mixedlm-rs", statsmodels_like("mixedlm_rs")),
    "glmm": ("glmm", glmm_package),
}

# One measurement ---------------------------------------------------------------------------------------


def memory(key: str) -> float:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def child(package: str, case: str) -> Dict[str, Any]:
    import gc
    import warnings

    warnings.simplefilter("ignore")
    try:
        fit, answer = PACKAGES[package][1](case)
    except NotImplementedError as why:
        return {"not_for": str(why)}
    gc.collect()
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = memory("VmRSS")
    cpu: List[float] = []
    wall: List[float] = []
    peak_memory = 0.0
    begun = time.perf_counter()
    while len(wall) < 3 or time.perf_counter() - begun < 2:
        started, used = time.perf_counter(), time.process_time()
        fitted = fit()
        loglik, beta, se = answer(fitted)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
        if len(wall) == 1:
            peak_memory = memory("VmHWM")
        if time.perf_counter() - begun > 60:
            break
    found: Dict[str, Any] = {
        "runs": len(wall),
        "cpu": statistics.median(cpu),
        "cpu_first": cpu[0],
        "wall": statistics.median(wall),
        "memory_before": before,
        "memory_peak": peak_memory,
        "loglik": float(loglik),
        "beta": [float(b) for b in beta],
        "se": [float(s) for s in se],
    }
    if package.startswith("ranef"):
        found["rust_seconds"] = fitted._report["seconds"]
    return found


def frames_of_a_million() -> Dict[str, Any]:
    """The million rows in three libraries, with the groups as numbers, words and categories."""
    import pandas
    import polars

    numbers = million()
    words = numbers.assign(g=numbers["g"].astype(str))
    categories = words.astype({"g": "category"})
    frame = polars.from_pandas(words)
    levels = polars.Series(sorted(words["g"].unique()))
    return {
        "polars, numbers": polars.from_pandas(numbers),
        "polars, words": frame,
        "polars, categories": frame.with_columns(polars.col("g").cast(polars.Categorical)),
        "polars, enum": frame.with_columns(polars.col("g").cast(polars.Enum(levels))),
        "pandas, numbers": numbers,
        "pandas, words": words,
        "pandas, categories": categories,
        "pyarrow, numbers": polars.from_pandas(numbers).to_arrow(),
        "pyarrow, words": frame.to_arrow(),
        "pyarrow, categories": frame.with_columns(polars.col("g").cast(polars.Enum(levels))).to_arrow(),
        "pandas, words as objects": words.assign(g=pandas.Series(words["g"].tolist(), dtype=object)),
    }


def overhead() -> Dict[str, Any]:
    """What the package costs above the fit in Rust, and its import."""
    import ranef as rf
    from ranef import _data, _ranef

    out: Dict[str, Any] = {}
    small = rf.data("sleepstudy")
    formula = CASES["sleepstudy"][0]
    for kind, frame in {"dict": dict(small), "pandas": small.to_pandas(), "polars": small.to_polars(), "pyarrow": small.to_arrow()}.items():
        gap = []
        for _ in range(300):
            started = time.perf_counter()
            fit = rf.lmer(formula, frame)
            gap.append(time.perf_counter() - started - fit._report["seconds"])
        out[f"sleepstudy, {kind}: seconds above the fit"] = statistics.median(gap)
    formula = CASES["million"][0]
    for kind, frame in frames_of_a_million().items():
        # A fit in Rust takes the same Arrow arrays and brings them to their kinds, which is part of its
        # seconds; what the package adds is the way there and back. Both of one call.
        seconds, added = [], []
        for _ in range(9):
            # The fit before is not to be given up within the next one's time.
            fit = None
            started = time.perf_counter()
            fit = rf.lmer(formula, frame)
            whole = time.perf_counter() - started
            seconds.append(fit._report["seconds"])
            added.append(whole - seconds[-1])
        # And of columns that are of their kinds already.
        held = _data.source(frame)
        _ranef.Fit.of_data(formula, held, "{}")
        ready = [json.loads(_ranef.Fit.of_data(formula, held, "{}").report())["seconds"] for _ in range(9)]
        fitted, above = statistics.median(seconds), statistics.median(added)
        out[f"million, {kind}"] = {
            "fit in Rust": fitted,
            "of columns brought already": statistics.median(ready),
            "above": above,
            "share above": above / fitted,
        }
    code = "import time; t = time.perf_counter(); import ranef; print(time.perf_counter() - t)"
    runs = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) for _ in range(21)]
    out["import, seconds"] = statistics.median(runs)
    return out


# All of them ---------------------------------------------------------------------------------------------


def run(arguments: List[str]) -> Dict[str, Any]:
    try:
        done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {LIMIT:.0f} s"}
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return {"error": last[0][:300]}
    return json.loads(done.stdout.splitlines()[-1])


def right(found: Dict[str, Any], reference: Dict[str, Any], loglik: float) -> str:
    if abs(found["loglik"] - loglik) > 1e-3:
        return f"loglik {found['loglik'] - loglik:+.4f}"
    pairs = list(zip(found["beta"], reference["beta"], found["se"], reference["se"]))
    if len(found["beta"]) != len(reference["beta"]):
        return "other coefficients"
    if any(not abs(b - c) <= 0.01 * t for b, c, _, t in pairs):
        return "coefficients off"
    if any(not abs(s - t) <= 0.01 * t for _, _, s, t in pairs):
        worst = max(abs(s / t - 1) for _, _, s, t in pairs)
        return f"std. errors {worst:.1%} off"
    return "right"


def main(words: List[str]) -> None:
    commit = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "")
    records: List[Dict[str, Any]] = [
        {
            "machine": processor,
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
            "python": platform.python_version(),
            "commit": commit,
            "packages": {name: version(name) for name in ("statsmodels", "mixedlm", "lme-python", "mixedlm-rs", "glmm", "pandas", "polars")},
        }
    ]
    chosen = [case for case in CASES if not words or any(word in case for word in words)]
    for case in chosen:
        found = {package: run(["--child", package, case]) for package in PACKAGES}
        fits = {p: f for p, f in found.items() if "loglik" in f}
        best = max(fits, key=lambda p: (round(fits[p]["loglik"], 4), p.startswith("ranef")))
        known = CASES[case][5]
        loglik = fits[best]["loglik"] if known is None else known
        ours = fits["ranef (polars)"]["cpu"]
        print(f"\n{case}: {CASES[case][0]}")
        print(f"  {'package':16} {'cpu s':>10} {'times':>8} {'peak MB':>8} {'over data':>9}  answer")
        for package, one in found.items():
            record = {"case": case, "package": package, **one}
            if "loglik" in one:
                record["answer"] = right(one, fits[best], loglik)
                over = one["memory_peak"] - one["memory_before"]
                print(
                    f"  {package:16} {one['cpu']:10.4f} {one['cpu'] / ours:8.1f} "
                    f"{one['memory_peak']:8.0f} {over:9.0f}  {record['answer']}"
                )
            else:
                print(f"  {package:16} {one.get('not_for') or one.get('error')}")
            records.append(record)
    if not words or "overhead" in words:
        cost = run(["--overhead"])
        records.append({"overhead": cost})
        print("\nabove the fit in Rust")
        for what, value in cost.items():
            print(f"  {what}: {value}")
    name = "-".join(words) if words else "all"
    path = ROOT / "bench" / "results" / f"{datetime.date.today()}-python-{name}.json"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(*sys.argv[2:4])))
    elif sys.argv[1:2] == ["--overhead"]:
        print(json.dumps(overhead()))
    else:
        main(sys.argv[1:])
