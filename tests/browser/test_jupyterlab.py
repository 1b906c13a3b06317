"""A notebook of examples/ in real JupyterLab under headless Chromium: what an analyst sees is on the screen.

`make test-browser` runs this. Screenshots go to the folder that SPLMINI_SCREENSHOTS names, to be looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterlab")
playwright = pytest.importorskip("playwright.sync_api")
nbformat = pytest.importorskip("nbformat")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "examples" / "notebooks"
ENDLESS = 'forever = ({"user": "user%d" % (n % 7), "n": n} for n in range(10**9))'
EVIL = "%spl [{}] | makeresults | eval user=\"<script>document.title='owned'</script>\" | table user"
SECONDS = 120_000


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"])
def lab(request: Any, tmp_path_factory: Any) -> Iterator[tuple[str, str]]:
    """A JupyterLab over a copy of the notebooks, in a theme: its address, and the theme's name."""
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    shutil.copytree(NOTEBOOKS, work)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(f'{{"theme": "{request.param}"}}', encoding="utf-8")
    news = '{"fetchNews": "false", "checkForUpdates": false}'
    (settings / "notification.jupyterlab-settings").write_text(news, encoding="utf-8")
    notebook = nbformat.read(work / "01-hunting.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []  # what is on the screen is what this run shows
    notebook.cells.extend(
        nbformat.v4.new_code_cell(text)
        for text in (EVIL.replace("[{}] ", ""), ENDLESS, "%spl forever | stats count by user")
    )
    nbformat.write(notebook, work / "hunt.ipynb")
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "IPYTHONDIR": str(home / "ip"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--port=0",
        "--ip=127.0.0.1",
        "--IdentityProvider.token=secret",
        f"--ServerApp.root_dir={work}",
    ]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield _address(server), request.param
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _address(server: Any) -> str:
    """Where the server listens, as it says itself."""
    said = []
    for line in server.stderr:
        said.append(line)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab", line)
        if found:
            return found[1]
    raise AssertionError("JupyterLab did not start:\n" + "".join(said))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium: the one that is installed, else playwright's own."""
    installed = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with playwright.sync_playwright() as play:
        try:
            opened = play.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"there is no Chromium: {error.message.splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Any, str], None]:
    """A function that takes a picture of an element."""
    folder = Path(os.environ.get("SPLMINI_SCREENSHOTS") or tmp_path)

    def shot(element: Any, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        element.screenshot(path=str(folder / f"{name}.png"))

    return shot


def test_what_an_analyst_sees(lab: tuple[str, str], browser: Any, shoot: Callable[[Any, str], None]) -> None:
    """Table, events, chart, error, progress bar, what an interrupted run kept; nothing is fetched from elsewhere."""
    address, theme = lab
    name = theme.rsplit(" ", 1)[-1].lower()
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not _is_near(request.url, address) else None)
    page.goto(f"{address}/lab/tree/hunt.ipynb?token=secret&reset")
    page.locator(".jp-MarkdownOutput h1").first.wait_for(timeout=SECONDS)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(timeout=SECONDS)  # a kernel is there
    error = _run_all(page)

    # a mistake is shown with its caret; the cell is tagged, so that the notebook goes on
    error.scroll_into_view_if_needed()
    assert "Did you mean 'timechart'?" in error.inner_text()
    assert error.locator(".caret").inner_text().strip() == "^^^^^^^^^"
    shoot(_cell(error), f"{name}-error")
    assert not page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count()

    chart = page.locator("img.splmini-chart").first
    assert chart.evaluate("image => image.naturalWidth") > 400
    shoot(_cell(chart), f"{name}-chart")
    events = page.locator(".splmini-both").first
    assert events.locator("mark").count() > 0
    shoot(_cell(events), f"{name}-events")
    spark = page.locator(".splmini-spark").first
    shoot(_cell(spark), f"{name}-table")
    _sorts(page.locator(".splmini", has=page.locator("th", has_text="percent")).first)

    # the cells below it have run, too, up to the endless one
    page.get_by_text("<script>document.title='owned'</script>", exact=True).last.wait_for(timeout=SECONDS)
    assert "owned" not in page.title()
    bar = page.locator(".splmini-progress")
    playwright.expect(bar).to_contain_text("a second", timeout=SECONDS)
    shoot(page.locator(".jp-CodeCell", has_text="%spl forever | stats").first, f"{name}-progress")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Interrupt Kernel")).click()
    kept = page.locator(".splmini-cut")
    kept.wait_for(timeout=SECONDS)
    assert "ended early" in kept.inner_text()
    assert "user6" in _cell(kept).inner_text()
    bar.wait_for(state="detached", timeout=SECONDS)
    shoot(_cell(kept), f"{name}-interrupted")
    assert elsewhere == []
    page.close()


def test_what_is_stored_is_laid_out(lab: tuple[str, str], browser: Any, shoot: Callable[[Any, str], None]) -> None:
    """In a notebook that is not trusted, styles and scripts are gone, and events are laid out all the same."""
    address, theme = lab
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(f"{address}/lab/tree/01-hunting.ipynb?token=secret&reset")
    events = page.locator(".splmini-both").first
    events.wait_for(timeout=SECONDS)
    events.scroll_into_view_if_needed()
    assert page.locator(".splmini style, .splmini script").count() == 0
    page.locator(".splmini-event summary").first.click()
    side, main = (events.locator(f":scope > .splmini-{name}").bounding_box() for name in ("side", "main"))
    assert side["x"] + side["width"] <= main["x"]
    name = events.locator(".splmini-of > div:last-child > div").first
    assert name.bounding_box()["height"] < 30  # a name is on one line
    shoot(events, f"{theme.rsplit(' ', 1)[-1].lower()}-untrusted")
    page.close()


def _run_all(page: Any) -> Any:
    """Run all cells and return the error that one of them shows; again where the kernel was not there yet."""
    error = page.locator(".splmini-err").first
    for left in (2, 1, 0):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            error.wait_for(state="attached", timeout=SECONDS // 3)
            break
        except playwright.TimeoutError:
            if not left:
                raise
    return error


def _is_near(url: str, address: str) -> bool:
    return url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))


def _cell(element: Any) -> Any:
    """The cell of a notebook that an element stands in."""
    return element.locator("xpath=ancestor::div[contains(@class, 'jp-CodeCell')]").first


def _sorts(table: Any) -> None:
    """A click on a head sorts by numbers, another turns the order round."""
    head = table.locator("th", has_text="count")
    values = []
    for _ in range(2):
        head.click()
        cells = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
        values.append([int(cell) for cell in cells])
    assert values[0] == sorted(values[0])
    assert values[1] == sorted(values[1], reverse=True)
    assert values[0] != values[1]
