"""Sliders in headless Chromium: keyboard, no interference, accessibility, from a file on disk."""

import shutil

import matplotlib.pyplot as plt
import pytest

from symtutor.interactive import slider

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = pytest.mark.browser
ALT = "A line through the origin that leans further as s grows."
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sliders</title>
<meta name="viewport" content="width=device-width"></head>
<body style="margin:8px;{colours}"><main><h1>Sliders</h1>{sliders}</main></body></html>"""


def make(**options):
    def draw(s):
        ax = plt.subplots(figsize=(3, 2))[1]
        ax.plot([0, 1], [0, s])
        return ax

    return slider(draw, (-0.5, 0.0, 0.5), **{"label": "s", "alt": ALT, **options}).html


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page of sliders from disk at a width of 360 px."""

    def open_(*sliders, colours="", script=True):
        file = tmp_path / "page.html"
        file.write_text(PAGE.format(sliders="".join(sliders), colours=colours), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": 360, "height": 800}, java_script_enabled=script
        )
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(file.as_uri())
        return page

    return open_


def visible(page):
    return [image.get_attribute("data-value") for image in page.locator("img:visible").all()]


def test_keys_move_one_slider_and_no_other(visit):
    page = visit(make(), make(label="r", start=1), make())
    assert visible(page) == ["-0.5", "0", "-0.5"]
    assert page.get_by_label("r").count() == 1
    height = page.evaluate("document.body.scrollHeight")
    page.get_by_label("r").focus()
    page.keyboard.press("ArrowRight")
    assert visible(page) == ["-0.5", "0.5", "-0.5"]
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert visible(page) == ["-0.5", "0.5", "0.5"]  # equal twins move apart
    page.keyboard.press("Home")
    assert visible(page) == ["-0.5", "0.5", "-0.5"]
    assert page.locator("output").all_inner_texts() == ["-0.5", "0.5", "-0.5"]
    assert page.get_by_label("r").get_attribute("aria-valuetext") == "0.5"
    assert page.evaluate("document.body.scrollHeight") == height  # nothing jumped
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.problems == []


@pytest.mark.parametrize("colours", ["background:#fff;color:#222", "background:#121212;color:#ddd"])
def test_axe_finds_nothing_in_light_and_dark(visit, colours):
    results = axe.Axe().run(visit(make(), make(label="r"), colours=colours))
    assert [violation["id"] for violation in results.response["violations"]] == []


def test_without_javascript_the_first_frame_stands_alone(visit):
    page = visit(make(start=1), script=False)
    assert visible(page) == ["0"]
    assert not page.get_by_label("s").is_visible()
