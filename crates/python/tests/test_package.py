"""What the package says of itself, as far as that can be seen without building it."""

from __future__ import annotations

import email.parser
import importlib
import re
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

import ranef as rf

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]

tomllib = pytest.importorskip("tomllib")


@pytest.fixture
def project() -> Dict[str, Any]:
    return tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_it_is_the_version_of_the_workspace() -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    assert rf.__version__ == workspace["package"]["version"]


def test_one_wheel_for_every_python(project: Dict[str, Any]) -> None:
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    least = re.search(r"abi3-py3(\d+)", manifest)
    assert least is not None
    assert project["requires-python"] == f">=3.{least.group(1)}"
    versions = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert versions[0] == f"3.{least.group(1)}"
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in versions


def test_licences_are_those_of_the_project(project: Dict[str, Any]) -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    assert project["license"] == workspace["package"]["license"]
    # The terms of an expression, so no classifiers of licences (PEP 639).
    assert not any(c.startswith("License") for c in project["classifiers"])
    files = {path.name for pattern in project["license-files"] for path in PACKAGE.glob(pattern)}
    assert {"LICENSE-MIT", "LICENSE-APACHE", "LICENSE-NotoSans"} == files
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert (PACKAGE / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_metadata_are_valid(project: Dict[str, Any]) -> None:
    metadata = pytest.importorskip("packaging.metadata")
    readme = (PACKAGE / project["readme"]).read_text(encoding="utf-8")
    fields = email.parser.Parser().parsestr("")
    fields["Metadata-Version"] = "2.4"
    fields["Name"], fields["Version"] = project["name"], rf.__version__
    fields["Summary"] = project["description"]
    fields["License-Expression"] = project["license"]
    fields["Requires-Python"] = project["requires-python"]
    fields["Description-Content-Type"] = "text/markdown"
    for extra, needed in project["optional-dependencies"].items():
        fields["Provides-Extra"] = extra
        for one in needed:
            fields["Requires-Dist"] = f"{one}; extra == '{extra}'"
    fields.set_payload(readme)
    checked = metadata.Metadata.from_email(fields.as_string(), validate=True)
    assert checked.name == "ranef" and "\n" not in project["description"]
    assert len(project["description"]) < 512


def test_the_command_is_there(project: Dict[str, Any]) -> None:
    module, _, name = project["scripts"]["ranef"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_first_example_of_the_readme_runs() -> None:
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code is not None
    exec(code.group(1), {})
