"""A page in Chromium without a window: what it logs, what it asks for, and how wide it is."""

import json
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# what reaches beyond the right edge of the window, but for what lies in a box that scrolls
BEYOND = """
const scrolls = (element) => element && element !== document.body &&
  (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
return [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .filter((element) => !scrolls(element.parentElement))
  .map((element) => element.tagName + "." + element.className);
"""


class Browser:
    """Chromium as a test drives it. Give it a page, then ask."""

    def __init__(self, chromium: str, driver: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        # the sandbox does not start as root, which CI often is; the pages are our own
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))

    def close(self) -> None:
        self.driver.quit()

    def open(self, page: Path, width: int = 1280) -> None:
        """Show a page in a window of this width, and forget what was logged before."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.errors(), self.requests()
        self.driver.get(page.as_uri())

    def errors(self) -> list[str]:
        """What the console has heard since this was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses that were asked for since this was asked last."""
        events = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        sent = [event["message"] for event in events]
        return [
            event["params"]["request"]["url"]
            for event in sent
            if event["method"] == "Network.requestWillBeSent"
        ]

    def ask(self, script: str):
        """What a script of the page returns."""
        return self.driver.execute_script(script)

    def one(self, selector: str):
        """The one element of this selector."""
        (found,) = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found

    def all(self, selector: str):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, holds) -> None:
        """Wait until a claim holds, ten seconds at most."""
        WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda _: holds())

    def beyond(self) -> list[str]:
        """Elements that reach beyond the window's right edge."""
        return self.ask(BEYOND)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        for key in keys:
            webdriver.ActionChains(self.driver).send_keys(key).perform()
