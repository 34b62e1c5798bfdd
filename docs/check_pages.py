"""Check the built site as its readers meet it: follow every link, open every page.

    python docs/check_pages.py docs/_build/html [--screenshots FOLDER]

Links inside the site must lead to a page and, with a #fragment, to a place in it, and nothing may
be loaded from elsewhere. Every page is then opened at the width of a phone and of a desktop: no
error in the console, every formula typeset, nothing that sticks out of the screen or of the
article, code that needs no scrolling on a desktop, figures that move, and a search that finds.

That needs Playwright and a Chromium, which `.ci/browser` installs. Without them the check fails,
unless the variable NO_BROWSER is set; then it says loudly that it did not look.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

WIDTHS = {"phone": 390, "desktop": 1280}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src")}


class Page(HTMLParser):
    """The links of a page, what it loads, and the places that links can lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)
                if (tag, name) in LOADED:
                    self.loads.add(value)


def pages_of(site: Path) -> list[Path]:
    """Return the pages, without what the theme keeps in _static."""
    return sorted(p for p in site.rglob("*.html") if "_static" not in p.relative_to(site).parts)


def check_links(site: Path) -> list[str]:
    """Return what is wrong with the links of all pages."""
    pages = {path: Page(path) for path in pages_of(site)}
    wrong = []

    def places(target: Path) -> set[str]:
        return pages[target].places if target in pages else set()

    for path, page in pages.items():
        where = path.relative_to(site)
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loads and parts.scheme != "data":
                    wrong.append(f"{where} loads {link}, which is not of this site")
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not target.exists():
                wrong.append(f"{where} links to {link}, which does not exist")
            elif parts.fragment and unquote(parts.fragment) not in places(target):
                wrong.append(f"{where} links to {link}, a place that is not in that page")
    return wrong


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve the site on this machine, and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


SEEN = """async () => {
    if (window.MathJax?.startup) await MathJax.startup.promise;
    for (let k = 0; k < 50 && document.querySelector('.touch:not(.touch-ready)'); k++)
        await new Promise(resolve => setTimeout(resolve, 100));
    // Parts of the article that stick out of it, unless something around them scrolls.
    const outside = () => {
        const article = document.querySelector('.bd-article');
        if (!article) return [];
        const edge = article.getBoundingClientRect().right + 1;
        const scrolls = e => e !== article &&
            (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
        return [...article.querySelectorAll('*')].filter(e => {
            const box = e.getBoundingClientRect();
            return box.width && box.right > edge && !e.closest('svg, mjx-container') && !scrolls(e);
        }).slice(0, 2).map(e => e.outerHTML.slice(0, 80));
    };
    const written = document.querySelectorAll('.math');
    return {
        missing: [...written].filter(e => !e.querySelector('mjx-container')).length,
        wrong: document.querySelectorAll('mjx-merror, [data-mjx-error]').length,
        wide: document.documentElement.scrollWidth - window.innerWidth,
        outside: outside(),
        scrolling: [...document.querySelectorAll('.bd-article pre')].filter(
            e => e.clientWidth && e.scrollWidth > e.clientWidth + 1).map(
            e => e.textContent.split('\\n').reduce((a, b) => b.length > a.length ? b : a)),
        still: document.querySelectorAll('.touch:not(.touch-ready)').length,
        broken: [...document.images].filter(i => i.complete && !i.naturalWidth && i.src).length,
    }
}"""


class Reader:
    """A browser's tab of a certain width, and what goes wrong in it."""

    def __init__(self, browser: Any, address: str, width: int) -> None:
        self.address, self.width = address, width
        self.wrong: list[str] = []
        self.page = page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda m: m.type == "error" and self.wrong.append(f"console: {m.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("requestfailed", self.missed)

    def missed(self, request: Any) -> None:
        """Note a request that failed, but not one that ended because the next page was opened."""
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"not loaded: {request.url}")

    def look(self, name: str, screenshot: Path | None) -> list[str]:
        """Open a page, and return what is wrong with it."""
        self.wrong.clear()
        self.page.goto(self.address + name, wait_until="load")
        seen = self.page.evaluate(SEEN)
        if seen["missing"] or seen["wrong"]:
            self.wrong.append(f"{seen['missing']} formulas not set, {seen['wrong']} with an error")
        if seen["wide"] > 1:
            self.wrong.append(f"{seen['wide']} pixels wider than the screen")
        if seen["outside"]:
            self.wrong.append(f"wider than the article: {seen['outside']}")
        if seen["scrolling"] and self.width >= WIDTHS["desktop"]:
            self.wrong.append(f"code that needs scrolling: {seen['scrolling']}")
        if seen["still"]:
            self.wrong.append(f"{seen['still']} figures do not move")
        if seen["broken"]:
            self.wrong.append(f"{seen['broken']} pictures missing")
        if name.startswith("search.html?"):
            self.page.wait_for_selector("#search-results li", timeout=10_000)
        if screenshot is not None:
            self.page.screenshot(path=screenshot, full_page=True)
        return list(self.wrong)


def chromium(playwright: Any) -> Any:
    """Start the system's Chromium, or else that of Playwright."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def not_opened(reason: str) -> list[str]:
    """Return that no page was opened, as a problem unless NO_BROWSER is set."""
    said = f"NO PAGE WAS OPENED, and so none was looked at: {reason}"
    if not os.environ.get("NO_BROWSER"):
        return [f"{said}. Run .ci/browser, or set NO_BROWSER=1 to check links alone."]
    print("#" * len(said), said, "#" * len(said), sep="\n")
    return []


def check_pages(site: Path, screenshots: Path | None) -> list[str]:
    """Return what is wrong with the pages when they are open."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return not_opened("Playwright is not installed")
    # The pages of source code are all alike: one of them is enough.
    names = [str(path.relative_to(site)) for path in pages_of(site)]
    source = [name for name in names if name.startswith("_modules/")]
    names = [name for name in names if name not in source[1:]]
    names.remove("search.html")  # opened with something to search for
    wrong = []
    with served(site) as address, sync_playwright() as playwright:
        try:
            browser = chromium(playwright)
        except Error as error:
            return not_opened(f"no Chromium starts here ({str(error).splitlines()[0]})")
        for screen, width in WIDTHS.items():
            reader = Reader(browser, address, width)
            for name in [*names, "search.html?q=lasso"]:
                picture = None
                if screenshots is not None:
                    flat = name.split("?")[0].removesuffix(".html").replace("/", ".")
                    picture = screenshots / f"{flat}.{screen}.png"
                found = reader.look(name, picture)
                wrong += [f"{name} on a {screen}: {problem}" for problem in found]
        browser.close()
    print(f"Opened {len(names) + 1} pages on {' and '.join(WIDTHS)}.")
    return wrong


def main() -> None:
    """Check, print what is wrong, and exit with 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, help="folder of the built pages")
    parser.add_argument("--screenshots", type=Path, help="folder to save a picture of each page in")
    options = parser.parse_args()
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    site = options.site.resolve()
    wrong = [*check_links(site), *check_pages(site, options.screenshots)]
    print(*wrong, f"{len(wrong)} problems.", sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
