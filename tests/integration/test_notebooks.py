"""The notebooks of examples/ run from their first cell to the last, in a real kernel, and show what they are for."""

from __future__ import annotations

import gzip
import importlib.util
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("default")  # of the machinery that drives kernels

FOLDER = Path(__file__).resolve().parent.parent.parent / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FAILS = "raises-exception"


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    """One kernel for all notebooks; each finds it empty."""
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(), timeout=120, kernel_name="python3")
    with client.setup_kernel(cwd=str(FOLDER)):
        yield client


def execute(notebook: Any, kernel: Any) -> None:
    """Run the cells of a notebook, which then hold their outputs."""
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    kernel.nb = notebook
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            kernel.execute_cell(cell, number)


def html(notebook: Any) -> str:
    """All HTML that a notebook shows."""
    return "".join(
        "".join(output["data"]["text/html"])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    )


def told(notebook: Any) -> list[str]:
    """The tables that a notebook shows, but for what time it is."""
    tables = re.findall(r"<table class='splmini-t'.*?</table>", html(notebook), re.DOTALL)
    changing = r"20\d\d-\d\d-\d\d[ T][\d:.]+|data-s='[\d.]+'"
    return [re.sub(changing, "", each) for each in tables]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, kernel: Any) -> None:
    """Every cell runs; those that are to fail do, and show the mistake with its caret."""
    notebook = nbformat.read(path, as_version=4)
    stored = told(notebook)
    execute(notebook, kernel)
    assert told(notebook) == stored, "`make notebooks` stores what they show now"
    shown = html(notebook)
    assert "class='splmini-t'" in shown
    assert "<script src" not in shown
    wrong = [cell for cell in notebook.cells if FAILS in cell.metadata.get("tags", ())]
    for cell in wrong:
        page = "".join(output["data"]["text/html"] for output in cell.outputs if "data" in output)
        assert "class='caret'" in page
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell not in wrong:
            assert not [each for each in cell.outputs if each.output_type == "error"]
            assert not [each for each in cell.outputs if each.get("name") == "stderr"]


def test_there_is_one_for_each_use() -> None:
    """Six notebooks, stored with what they show, to be read where nothing runs; none of them is large."""
    assert len(NOTEBOOKS) == 6
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        assert "class='splmini-t'" in html(notebook)
        assert path.stat().st_size < 500_000
        assert notebook.cells[0].cell_type == "markdown"
        assert "%load_ext splmini" in "".join(cell.source for cell in notebook.cells)


def test_data_is_what_the_script_writes(tmp_path: Path) -> None:
    """The files are those that make_data.py makes; they may be packed differently."""
    spec = importlib.util.spec_from_file_location("make_data", FOLDER / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.write(tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(FOLDER / "data") for path in (FOLDER / "data").rglob("*") if path.is_file())
    for name in files:
        assert unpacked(FOLDER / "data" / name) == unpacked(tmp_path / name)


def unpacked(path: Path) -> bytes:
    """What is in a file, or in the file that it packs."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            return packed.read(packed.namelist()[0])
    return path.read_bytes()


def test_an_error_fails_a_cell(kernel: Any) -> None:
    """A mistake that nobody expects ends a run: it is shown as HTML, and is an error all the same."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("%load_ext splmini"), nbformat.v4.new_code_cell("%%spl\n| staats count")]
    )
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        execute(notebook, kernel)
    page = html(notebook)
    assert "There is no command" in page
    assert re.search(r"Did you mean (?:'|&#x27;)stats", page)
