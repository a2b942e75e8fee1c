"""A headless Chromium that looks at a page, and what a reader of it would see.

Chromium and its driver are Debian's, driven by python3-selenium; where one of them is missing, the tests that need it
are skipped and say so. axe-core comes from npm as npm/package-lock.json pins it, into .local/.
"""
import base64
import functools
import json
import os
import shutil
import subprocess

import pytest
from rig import place

PICTURES = place.LOCAL / "dashboard"
HERE = place.ROOT / "test" / "e2e" / "npm"
ALIKE = [["tbody tr:nth-child(n+4)"], ["li:nth-child(n+4)"], ["section:nth-of-type(n+4)"]]  # as the three before
SIZES = {"desktop": (1280, 1000, False), "phone": (390, 844, True)}


def driver():
    webdriver = pytest.importorskip("selenium.webdriver", reason="no python3-selenium: the dashboard is not looked at")
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            pytest.skip(f"no {program}: the dashboard is not looked at")
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb",
                     "--mute-audio", "--no-first-run", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver"), env={**os.environ, "TZ": "UTC"})
    return webdriver.Chrome(service=service, options=options)


@functools.cache
def axe():
    """The text of axe-core."""
    folder = place.LOCAL / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    with place.lock("npm"):
        found = folder / "node_modules" / "axe-core" / "axe.min.js"
        lock = (HERE / "package-lock.json").read_bytes()
        if not found.exists() or (folder / "package-lock.json").read_bytes() != lock:
            if not shutil.which("npm"):
                pytest.skip("no npm: axe-core is not run")
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder / name)
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
                                  cwd=folder, capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"npm could not fetch axe-core: {done.stderr[-200:]}")
    return found.read_text()


class Page:
    """The dashboard in the browser. Waits have conditions, never times."""

    def __init__(self, browser, url):
        self.browser, self.url = browser, url

    def open(self, query="", size="desktop", scheme="light", state="live", **media):
        width, height, is_mobile = SIZES[size]
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=is_mobile)
        self.dress(scheme, **media)
        self.browser.get_log("browser")
        self.browser.get(self.url + "/" + query)
        if state:
            self.await_state(state)
        return self

    def dress(self, scheme, **media):
        """Day or night, without a reload."""
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce", **media}
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": name, "value": value} for name, value in features.items()])

    def cdp(self, command, **arguments):
        return self.browser.execute_cdp_cmd(command, arguments)

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def await_js(self, script, timeout=30):
        return place.eventually(lambda: self.js(script), timeout, what=f"in the page: {script}")

    def await_state(self, state, timeout=20):
        try:
            self.await_js(f"return document.body.dataset.state === '{state}'", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; the page says: {self.js('return document.body.innerText')[:400]}") from None

    def poll(self):
        """Has the dashboard ask now, as it does when resumed; asked() and the like tell of what comes from then on."""
        self.js("performance.clearResourceTimings(); const p = document.getElementById('pause'); p.click(); p.click()")

    def text(self, name):
        return self.js("return document.getElementById(arguments[0]).innerText", name)

    def number(self, name):
        return int(self.text(name).replace(",", ""))

    def cells(self, selector):
        """The texts of a table's rows, or of the lines of a list's items."""
        rows = self.js("return [...document.querySelectorAll(arguments[0])].map(row =>"
                       " row.cells ? [...row.cells].map(cell => cell.textContent) : row.innerText.split('\\n'))",
                       selector)
        return rows

    def keys(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains
        ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self):
        """What a reader would be told of the element that has the focus."""
        return self.js("const e = document.activeElement; return (e.name || e.id || e.className || '') + '|' + "
                       "(e.value || e.textContent || '').trim().slice(0, 40)")

    def told(self, selector):
        """What a screen reader is told of an element: its role, name and description, and what else is so of it."""
        root = self.cdp("DOM.getDocument")["root"]["nodeId"]
        node = self.cdp("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        found = self.cdp("Accessibility.getPartialAXTree", nodeId=node, fetchRelatives=False)["nodes"][0]
        states = {one["name"]: one["value"].get("value") for one in found["properties"]}
        return {**states, **{name: found.get(name, {}).get("value") for name in ("role", "name", "description")}}

    def asked(self, part):
        """The last URL asked for that contains this part."""
        urls = self.js("return performance.getEntriesByType('resource').map(entry => entry.name)")
        return [url for url in urls if part in url][-1]

    def complaints(self):
        """What the browser's console says of scripts and policies (a request that failed is no fault of the page's)."""
        return [entry["message"] for entry in self.browser.get_log("browser")
                if entry["source"] != "network" and entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, name, is_whole=True):
        """The whole page, or what is on the screen, as .local/dashboard/NAME.png."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        taken = self.cdp("Page.captureScreenshot", captureBeyondViewport=is_whole, format="png")
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))

    def fits(self):
        """Nothing is wider than the screen."""
        return self.js("return document.documentElement.scrollWidth <= innerWidth")

    def blemishes(self):
        """What axe-core finds serious or critical by day, and of colours by night: scheme, rule and elements.
        Of what is alike it looks at three."""
        self.dress("light")
        found = self.violations("light", {})
        self.dress("dark")
        return found + self.violations("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})

    def violations(self, scheme, options):
        if not self.js("return 'axe' in window"):
            self.js(axe())
        found = self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run({exclude: arguments[0]}, arguments[1]).then(done, error => done({failed: String(error)}))",
            ALIKE, {"resultTypes": ["violations"], **options})
        assert "violations" in found, found
        return [(scheme, rule["id"], json.dumps([node["target"] for node in rule["nodes"]]),
                 rule["nodes"][0]["failureSummary"])
                for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
