"""Debian's Chromium without a window, and what a test does in it."""
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

PATIENCE = 60  # seconds: other tests run beside this one


class Browser:
    def __init__(self, address, width=1280, height=900, language="en", dark=False, downloads=None):
        """`downloads`: the directory in which files are saved, without a question."""
        self.address = address
        options = webdriver.ChromeOptions()
        # No sandbox: tests may run as root. Everything that Chromium asks of its maker is off.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--force-device-scale-factor=1",
                         "--disable-extensions", f"--lang={language}", f"--window-size={width},{height}"):
            options.add_argument(argument)
        preferences = {"intl.accept_languages": language}
        if downloads:
            preferences |= {"download.default_directory": str(downloads), "download.prompt_for_download": False}
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(PATIENCE)
        self.emulate(width, height, dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def emulate(self, width, height, dark=False, features=()):
        """Also widths below the narrowest window."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, *features]})

    # --- where it is

    def open(self, path="/"):
        self.driver.get(self.address + path)

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.address)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def log_in(self, user="alice", password=None):
        """Types the name and password into the login that is shown."""
        self.wait_for("form input[name=user]")
        for name, value in (("user", user), ("password", password)):
            field = self.driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)
        self.click("form button")

    # --- what is shown

    def until(self, condition, what, patience=PATIENCE):
        """The first true value of `condition()`."""
        end = time.monotonic() + patience
        while True:
            try:
                if value := condition():
                    return value
            except (StaleElementReferenceException, WebDriverException) as error:
                last = error
            else:
                last = None
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come; {self.path} shows: {self.text()[:2000]} {last or ''}")
            time.sleep(0.05)

    def find(self, selector, text=""):
        return [element for element in self.driver.find_elements(By.CSS_SELECTOR, selector)
                if text in element.get_attribute("textContent")]

    def session(self):
        """What the page's server knows of the session."""
        return self.driver.execute_async_script(
            "const [done] = arguments; fetch('/api/v1/session').then((answer) => answer.json()).then(done)")

    def wait_for(self, selector, text="", patience=PATIENCE):
        """The first element that is shown, matches the selector and has the text in it."""
        return self.until(lambda: next((found for found in self.find(selector, text) if found.is_displayed()), None),
                          f"{selector} with {text!r}", patience)

    def wait_until_gone(self, selector, text=""):
        self.until(lambda: not self.find(selector, text), f"the end of {selector} with {text!r}")

    def settle(self):
        """Waits until the page of the address is shown."""
        self.until(lambda: self.find("main h1") and not self.find("main[aria-busy]"), self.path)

    def title(self, text):
        """Waits for the page with this heading."""
        self.until(lambda: not self.find("main[aria-busy]") and self.find("main h1", text), f"the heading {text!r}")

    def click(self, selector, text=""):
        def do():
            self.wait_for(selector, text).click()
            return True
        self.until(do, f"a click on {selector} with {text!r}")

    def text(self):
        try:
            return self.run("return document.body.innerText")
        except WebDriverException as error:
            return str(error)

    def complaints(self):
        """What the browser's console has: errors, refused content, failed requests. A request without a session
        is expected before the login."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING") and
                not ("/api/v1/session" in entry["message"] and " 40" in entry["message"])]
