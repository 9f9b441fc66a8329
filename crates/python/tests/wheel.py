"""Looks at a built wheel and source archive as somebody who installs them: `cargo xtask wheel`.

The wheel goes into an environment of its own, without cargo and without any other package, and has to
import there, fit, save, draw, and bring the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path

LICENCES = {"LICENSE-MIT", "LICENSE-APACHE", "LICENSE-NotoSans"}
LARGEST = 40e6

TRIAL = """
import sys
sys.path = [p for p in sys.path if "site-packages" in p or "python3" in p or p.endswith(".zip")]
import ranef as rf
assert not {"numpy", "pandas", "pyarrow"} & set(sys.modules)
fit = rf.lmer("Reaction ~ Days + (Days | Subject)", {k: list(v) for k, v in rf.data("sleepstudy").items()})
assert abs(fit.loglik + 871.8141359792) < 1e-6
assert "Days" in repr(fit) and "<svg" in fit.plot("caterpillar").to_svg()
assert len(fit.predict()) == 180 and fit.icc().adjusted > 0.7
assert fit.bootstrap(lambda m: m.sigma, replicates=20).done == 20
assert fit.report(replicates=50).to_html().startswith("<!DOCTYPE html>")
print("ranef", rf.__version__, "from", rf.__file__)
"""


def files(folder: Path) -> "tuple[Path, Path]":
    def newest(pattern: str) -> Path:
        found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
        assert found, f"no {pattern} in {folder}"
        return found[-1]

    return newest("*.whl"), newest("*.tar.gz")


def wheel(path: Path) -> None:
    name = path.name
    assert "-cp310-abi3-" in name, f"{name}: one wheel for every Python from 3.10 on is wanted"
    size = path.stat().st_size
    assert size < LARGEST, f"{name} has {size / 1e6:.1f} MB"
    with zipfile.ZipFile(path) as held:
        names = held.namelist()
        unpacked = sum(entry.file_size for entry in held.infolist())
    licences = {n.rsplit("/", 1)[1] for n in names if "dist-info/licenses/" in n}
    assert licences == LICENCES, f"licences: {sorted(licences)}"
    inside = {n.split("/", 1)[1] for n in names if n.startswith("ranef/")}
    assert {"py.typed", "_ranef.pyi", "__init__.py", "sklearn.py"} <= inside
    assert any(n.startswith("_ranef.") and n.endswith((".so", ".pyd")) for n in inside)
    others = {n for n in names if not n.startswith(("ranef/", "ranef-"))}
    assert not others, f"what does not belong into a wheel: {sorted(others)}"
    print(f"{name}: {size / 1e6:.1f} MB, {unpacked / 1e6:.1f} MB unpacked, {len(names)} files")


def source(path: Path) -> None:
    with tarfile.open(path) as held:
        names = {member.name.split("/", 1)[1] for member in held.getmembers() if "/" in member.name}
    for needed in ("pyproject.toml", "PKG-INFO", "Cargo.lock"):
        assert needed in names, f"{path.name} has no {needed}"
    assert any(n.endswith("crates/engine/src/lib.rs") for n in names), "the crates are missing"
    assert not any(n.endswith((".so", ".pyd", ".dylib")) for n in names)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {len(names)} files")


def installed(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / ("Scripts" if os.name == "nt" else "bin")
        # No cargo, no compiler, no other package.
        plain = {"PATH": str(programs), "HOME": folder}

        def run(*command: str) -> str:
            done = subprocess.run(command, capture_output=True, text=True, env=plain, cwd=folder)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout.strip()

        python = str(programs / "python")
        run(python, "-m", "pip", "install", "--no-index", "--no-deps", str(path))
        print(run(python, "-c", TRIAL))
        print(run(str(programs / "ranef"), "--version"), "as a command")
        assert "REML criterion" in run(
            str(programs / "ranef"), "fit", "Reaction ~ Days + (Days | Subject)", "sleepstudy"
        )
        seconds = []
        for _ in range(11):
            begun = time.perf_counter()
            run(python, "-c", "pass")
            between = time.perf_counter()
            run(python, "-c", "import ranef")
            seconds.append(time.perf_counter() - between - (between - begun))
        print(f"import: {sorted(seconds)[5] * 1e3:.0f} ms beyond an empty program")


def main(folder: Path) -> None:
    built, archive = files(folder)
    check = [sys.executable, "-m", "twine", "check", "--strict", str(built), str(archive)]
    subprocess.run(check, check=True)
    wheel(built)
    source(archive)
    installed(built)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
