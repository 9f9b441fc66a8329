"""Runs the Python of the guide: chapters in Markdown and the notebook.

In a chapter a block ``python`` that is followed by a block ``text`` shows what its last expression
and its prints give. ``python tests/guide.py`` writes those outputs anew, the tests compare them.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any, Dict, List, Tuple

GUIDE = Path(__file__).resolve().parents[3] / "guide"
CHAPTERS = ["python.md", "from-lme4.md", "from-statsmodels.md"]
NOTEBOOK = GUIDE / "python.ipynb"

_BLOCKS = re.compile(r"```python\n(.*?)```(\n\n```text\n(.*?)```)?", re.DOTALL)


def run(code: str, names: Dict[str, Any]) -> Tuple[str, Any]:
    """What a piece of code prints and the value of its last expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    value = None
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        exec(compile(tree, "<guide>", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<guide>", "eval"), names)
        for warning in seen:
            out.write(f"{warning.category.__name__}: {warning.message}\n")
    return out.getvalue(), value


def text_of(code: str, names: Dict[str, Any]) -> str:
    try:
        printed, value = run(code, names)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return printed + ("" if value is None else repr(value))


def chapter(name: str, write: bool = False) -> List[Tuple[str, str, str]]:
    """Code, shown and real output of each block of a chapter that shows any."""
    path = GUIDE / name
    names: Dict[str, Any] = {}
    found: List[Tuple[str, str, str]] = []

    def one(block: "re.Match[str]") -> str:
        code, shown = block.group(1), block.group(3)
        got = _tidy(text_of(code, names))
        if shown is None:
            found.append((code, "", "" if "Error" not in got else got))
            return block.group(0)
        found.append((code, _tidy(shown), got))
        return f"```python\n{code}```\n\n```text\n{got}\n```"

    text = _BLOCKS.sub(one, path.read_text(encoding="utf-8"))
    if write:
        path.write_text(text, encoding="utf-8")
    return found


def notebook(write: bool = False) -> List[Tuple[str, str, str]]:
    """The same of the cells of the notebook."""
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    names: Dict[str, Any] = {}
    found: List[Tuple[str, str, str]] = []
    count = 0
    for cell in book["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        code = "".join(cell["source"])
        shown = "".join("".join(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in cell["outputs"])
        printed, value = run(code, names)
        got = printed + ("" if value is None else repr(value))
        found.append((code, _tidy(shown), _tidy(got)))
        outputs: List[Dict[str, Any]] = []
        if printed:
            outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(printed)})
        if value is not None:
            data: Dict[str, Any] = {"text/plain": _lines(repr(value))}
            html = value._repr_html_() if hasattr(value, "_repr_html_") else None
            if html and "ranef" in type(value).__module__:
                data["text/html"] = _lines(html)
            outputs.append({"output_type": "execute_result", "execution_count": count, "data": data, "metadata": {}})
        cell["outputs"], cell["execution_count"] = outputs, count
    if write:
        NOTEBOOK.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def _lines(text: str) -> List[str]:
    return text.splitlines(keepends=True)


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


if __name__ == "__main__":
    for name in CHAPTERS:
        for code, _, got in chapter(name, write=True):
            if "Error" in got:
                print(name, code, got, sep="\n", file=sys.stderr)
    notebook(write=True)
