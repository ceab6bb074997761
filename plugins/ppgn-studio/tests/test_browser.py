"""The page in headless Chromium: from a caption to a picture, a mask drawn, a branch, a reload, a phone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: apt-get install chromium")

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SIZES = pytest.mark.parametrize("size", [pytest.param(WIDE, marks=pytest.mark.long), PHONE], ids=["wide", "phone"])
AND_MORE = pytest.mark.parametrize("size", [WIDE, pytest.param(PHONE, marks=pytest.mark.long)], ids=["wide", "phone"])
SECONDS = 60_000


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def toy(serve):
    return serve("experiment=toy", steps=20_000)


@pytest.fixture(scope="module")
def mini(serve):
    return serve()


@pytest.fixture
def load(chromium):
    """`load(studio, WIDE)` opens the page in a context of its own; the test fails if a script did or asked outside."""
    contexts, asked, broken = [], [], []

    def opened(studio, size=WIDE):
        context = chromium.new_context(viewport=size)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.on("request", lambda request: asked.append((studio.url, request.url)))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(studio.url)
        page.wait_for_selector("#pane-a-start:enabled")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert broken == []
    assert [url for own, url in asked if not url.startswith((own, "data:", "blob:"))] == []


def fill(page, name, value):
    box = page.locator(f"#{name} input, #{name} textarea").first
    box.fill(str(value))
    box.press("Tab")


def choose(page, name, option):
    page.click(f"#{name} input")
    page.get_by_role("option", name=option, exact=True).click()


def press(page, name):
    page.click(f"#{name}")


def unfold(page, name):
    page.click(f"#{name} > button")


def holds(page, name, text):
    page.wait_for_function("([id, text]) => document.querySelector(`#${id} input`)?.value === text", arg=[name, text])


def status(page, pane="a"):
    return page.inner_text(f"#pane-{pane}-status")


def told(page, words, pane="a"):
    page.wait_for_function(
        "([id, words]) => document.querySelector(id)?.innerText.includes(words)", arg=[f"#pane-{pane}-status", words]
    )


def saved(page):
    """Press Save; return the run folder."""
    press(page, "pane-a-save")
    box = "#pane-a-saved textarea, #pane-a-saved input"
    page.wait_for_function("box => document.querySelector(box).value", arg=box)
    return Path(page.input_value(box))


def pictures(page, pane="a", where="pictures"):
    return page.eval_on_selector_all(f"#pane-{pane}-{where} .chains img", "all => all.map(one => one.src)")


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@SIZES
def test_from_a_caption_to_a_picture(load, mini, size):
    page = load(mini, size)
    choose(page, "choose-condition", "lrcn")
    page.wait_for_selector("#key-condition-text")
    fill(page, "key-condition-text", "oranges")
    fill(page, "n-chains", 2)
    fill(page, "n-steps", 3)
    press(page, "pane-a-start")
    told(page, "finished: step 3 of 3; until step 25 only guidance counts")
    fill(page, "pane-a-sampler-guidance", 4)
    told(page, "moved by hand 1 ×")
    assert len(pictures(page)) == 2 and page.locator("#pane-a-trace polyline").count() == 2
    for name in ("pane-a-branching", "pane-a-keeping", "inpaint", "classes", "kind-model"):
        unfold(page, name)
    images = page.locator("#pane-a-pictures img")
    assert fits(page) and all(100 <= images.nth(k).bounding_box()["width"] <= size["width"] for k in range(2))
    run = saved(page)
    line = page.input_value("#pane-a-line textarea")
    assert "condition=lrcn" in line and "condition.text=oranges" in line and (run / "grid.png").exists()


@pytest.mark.long
def test_a_class_is_chosen_from_the_list(load, mini):
    page = load(mini)
    page.wait_for_selector("#key-condition-target")
    unfold(page, "classes")
    assert "Press Show" in page.inner_text("#class-list")
    press(page, "show-classes")
    page.wait_for_selector("[data-class=lemon]")
    choose(page, "choose-condition", "places")
    page.wait_for_selector("#class-list :text('Press Show')")
    press(page, "show-classes")
    page.click("[data-class=altar]")
    fill(page, "n-chains", 1)
    fill(page, "n-steps", 1)
    press(page, "pane-a-start")
    told(page, "finished")
    unfold(page, "pane-a-keeping")
    line = page.input_value("#pane-a-line textarea")
    assert "condition=places" in line and "condition.target=altar" in line


@AND_MORE
def test_a_mask_is_drawn_and_filled_in(load, mini, tmp_path, size):
    page = load(mini, size)
    Image.fromarray(np.full((90, 120, 3), (30, 140, 40), np.uint8)).save(tmp_path / "green.png")
    unfold(page, "inpaint")
    page.set_input_files("#ppgn-file", tmp_path / "green.png")
    page.wait_for_function("() => document.querySelector('#ppgn-canvas').width === 120")
    canvas = page.locator("#ppgn-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=4)
    page.mouse.up()
    fill(page, "n-chains", 1)
    fill(page, "n-steps", 2)
    press(page, "pane-a-start")
    told(page, "finished: step 2 of 2")
    *_, session = [held.session for held in mini.sessions._held.values() if held.files]
    drawn = session.history.last.state.x[0]
    green = (np.array([30, 140, 40]) / 255).reshape(3, 1, 1)
    same = np.isclose(drawn.numpy(), green, atol=0.01).all(0)
    assert same[:8].all() and same[-8:].all() and not same[30:34, 28:36].any()  # known around, drawn in the middle
    assert fits(page)


@pytest.mark.long
@AND_MORE
def test_weights_are_moved_and_a_chain_is_branched(load, toy, size):
    page = load(toy, size)
    fill(page, "n-chains", 3)
    fill(page, "n-steps", 30)
    press(page, "pane-a-start")
    told(page, "finished: step 30 of 30")
    before = pictures(page)
    unfold(page, "pane-a-branching")
    fill(page, "pane-a-epsilon3", 0)
    told(page, "moved by hand 1 ×")
    fill(page, "pane-a-step", 10)
    page.wait_for_selector("#pane-a-earlier [data-step='10']")
    choose(page, "pane-a-chain", "copies of chain 1")
    press(page, "pane-a-branch")
    page.wait_for_function("old => document.querySelector('#pane-a-pictures img')?.src !== old", arg=before[0])
    told(page, "finished: step 30 of 30")
    after = pictures(page)
    assert len(set(after)) == 1 and after[0] != before[1]  # without noise the copies stay alike
    fill(page, "pane-a-epsilon3", 0.25)
    told(page, "moved by hand 2 ×")
    press(page, "pane-a-back")
    page.wait_for_function("old => document.querySelector('#pane-a-pictures img')?.src === old", arg=before[0])
    assert pictures(page) == before
    holds(page, "pane-a-epsilon3", "0")
    press(page, "pane-a-go-on")
    told(page, "finished: step 30 of 30")
    press(page, "pane-a-go-on")
    told(page, "finished: step 55 of 55")
    page.wait_for_selector("#pane-a-step input[max='55']")  # all frames can be gone back to
    fill(page, "pane-a-step", 50)
    page.wait_for_selector("#pane-a-earlier [data-step='50']")


def test_chains_are_paused_discarded_and_saved(load, toy):
    page = load(toy)
    fill(page, "n-chains", 3)
    fill(page, "n-steps", 20_000)
    press(page, "pane-a-start")
    told(page, "running")
    press(page, "pane-a-pause")
    told(page, "paused")
    unfold(page, "pane-a-keeping")
    page.click("#pane-a-discard label:has-text('1')")
    page.wait_for_selector("#pane-a-pictures .discarded")
    names = {path.name[:10] for path in saved(page).glob("samples/*.png")}
    assert names and "chain_0001" not in names
    press(page, "pane-a-go-on")
    told(page, "running")
    press(page, "pane-a-pause")  # or it would run on beside the next tests
    told(page, "paused")


@AND_MORE
def test_a_reload_in_mid_run_finds_the_chains(load, toy, size):
    page = load(toy, size)
    fill(page, "n-chains", 3)
    fill(page, "n-steps", 20_000)
    fill(page, "pane-a-epsilon1", 0.007)
    press(page, "pane-a-start")
    told(page, "running: step")
    fill(page, "pane-a-epsilon2", 0.123)
    told(page, "moved by hand 1 ×")
    page.reload()
    told(page, "running: step")
    step = int(re.findall(r"step (\d+)", status(page))[0])
    page.wait_for_function(
        "old => +document.querySelector('#pane-a-status').innerText.match(/step (\\d+)/)[1] > old", arg=step
    )
    for name, text in {"n-chains": "3", "n-steps": "20000", "pane-a-epsilon1": "0.007"}.items():
        holds(page, name, text)
    holds(page, "pane-a-epsilon2", "0.123")
    page.focus("#pane-a-epsilon2 input")
    page.keyboard.press("Tab")  # it moves nothing
    press(page, "pane-a-pause")
    told(page, "paused")
    assert "moved by hand 1 ×" in status(page) and fits(page)


def test_two_settings_side_by_side(load, toy):
    page = load(toy)
    page.check("#compare input")
    page.wait_for_selector("#pane-b-start")
    fill(page, "n-steps", 20)
    fill(page, "pane-b-epsilon2", 0)
    press(page, "pane-a-start")
    press(page, "pane-b-start")
    told(page, "finished", "a")
    told(page, "finished", "b")
    a, b = (page.locator(f"#pane-{pane}-pictures").bounding_box() for pane in "ab")
    assert a["x"] + a["width"] <= b["x"] and b["x"] + b["width"] <= 1280 and pictures(page, "a") != pictures(page, "b")
    page.reload()
    told(page, "finished", "b")
    holds(page, "pane-b-epsilon2", "0")
    assert page.is_checked("#compare input") and len(pictures(page, "b")) == len(pictures(page, "a"))


@pytest.mark.long
def test_a_script_in_a_caption_is_text(load, mini):
    page = load(mini)
    choose(page, "choose-condition", "lrcn")
    page.wait_for_selector("#key-condition-text")
    fill(page, "key-condition-text", "<img src=x onerror='window.hacked=1'>")
    press(page, "pane-a-start")
    told(page, "<img src=x onerror=")
    fill(page, "key-condition-text", "</b><img src=x onerror='window.hacked=1'>")
    press(page, "pane-a-start")
    page.wait_for_selector("text=a file is named on the studio's command line alone")
    assert page.evaluate("window.hacked") is None
