"""What may happen while a person uses the restore page: reload, the back button, two tabs, the end of the session,
the keyboard alone, a narrow screen, dark colours, German, names from mail that look like markup, long lists.

Usage: pages_test.py BIN_DIRECTORY"""
import re
import sys
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Browser
from world import DRAFTS, World

BIN = None
LOST = 300  # messages
ODD = "<b onclick=alert(1)>&amp; 'quoted' שלום"
MANY = 200_000  # rows


class PagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World(BIN, web={"bounds": {"trees": 20, "restores_per_day": 50}}))
        cls.world.append("INBOX", range(20))
        cls.world.append(ODD, range(200, 203))
        cls.world.append(DRAFTS, range(1000, 1000 + LOST))
        cls.world.back_up()
        cls.world.delete_folder(DRAFTS)
        cls.world.delete_folder(ODD)
        cls.world.back_up()
        cls.address = cls.world.start_page()

    def visit(self, path="/", **options):
        """A browser of its own, logged in, at a page."""
        browser = self.enterContext(Browser(self.address, **options))
        browser.open(path)
        browser.log_in(password=self.world.password())
        browser.until(lambda: "/login" not in browser.path, path)
        browser.settle()
        return browser

    def begin_restore(self, browser):
        """Returns the address of the restore."""
        browser.click(".burst a", f"Bring back {DRAFTS}")
        browser.click("button", f"Bring back {LOST} messages")
        browser.until(lambda: browser.path.startswith("/jobs/"), "the page of the restore")
        return browser.path

    def trees(self):
        return {name.split("/")[1] for name in self.world.folders() if name.startswith("RESTORED/")}

    def test_reload_and_a_second_tab_in_the_middle_of_a_restore(self):
        browser = self.visit()
        before = self.trees()
        job = self.begin_restore(browser)
        browser.driver.refresh()
        browser.wait_for("main h1")
        first = browser.driver.current_window_handle
        browser.driver.switch_to.new_window("tab")
        browser.open(job)
        browser.title("The mail is back")
        browser.driver.switch_to.window(first)
        browser.title("The mail is back")
        browser.wait_for(".note h2", f"{LOST} messages are back")
        made = self.trees() - before
        self.assertEqual(len(made), 1, "one restore makes one tree")
        self.assertEqual(self.world.folders()[f"RESTORED/{made.pop()}/{DRAFTS}"], LOST)

    def test_another_browser_continues_a_restore(self):
        browser = self.visit()
        before = self.trees()
        job = self.begin_restore(browser)
        self.stop(browser, job)
        other = self.visit()
        while True:
            other.open(job)
            other.until(lambda: other.find("main h1") and not other.find("main h1", "Bringing"), "the end")
            if other.find("main h1", "The mail is back"):
                break
            other.open("/")
            other.click(".note button", "Go on")
            other.until(lambda: other.path == job, "the page of the restore")
        made = self.trees() - before
        self.assertEqual(len(made), 1, "one restore makes one tree")
        self.assertEqual(self.world.folders()[f"RESTORED/{made.pop()}/{DRAFTS}"], LOST)

    def stop(self, browser, job):
        """As the page's button does, whether the restore still runs or not."""
        browser.driver.execute_async_script("""
            const [path, done] = arguments;
            const headers = {"X-Mailstow": "1", "Content-Type": "application/json"};
            fetch(`/api/v1/accounts/alice${path}`, {method: "DELETE", headers, body: "{}"}).then(() => done());
            """, job)

    def test_the_back_button_leads_through_the_pages(self):
        browser = self.visit()
        browser.click("nav a", "Search")
        browser.title("Search")
        browser.wait_for("input[type=search]").send_keys("rechnung" + Keys.ENTER)
        browser.wait_for("p[role=status]", "found")
        browser.click(".row a")
        browser.wait_for("iframe")
        browser.driver.back()
        browser.wait_for(".row a")
        self.assertEqual(browser.path, "/search?q=rechnung")
        browser.driver.back()
        browser.driver.back()
        browser.title("Lost mail")
        browser.driver.forward()
        browser.title("Search")

    def test_a_session_that_ends_leads_back_to_the_page(self):
        browser = self.visit("/trees")
        browser.title("Restored mail")
        browser.driver.delete_all_cookies()
        browser.click("nav a", "Back in time")
        browser.wait_for(".note", "Your session is over")
        browser.log_in(password=self.world.password())
        browser.title("Back in time")
        self.assertEqual(browser.path, "/time")

    def test_a_logout_is_of_all_tabs(self):
        browser = self.visit()
        first = browser.driver.current_window_handle
        browser.driver.switch_to.new_window("tab")
        browser.open("/search")
        browser.title("Search")
        browser.click("button", "Log out")
        browser.title("Restore your mail")
        browser.driver.switch_to.window(first)
        browser.title("Restore your mail")
        self.assertEqual(browser.find(".burst"), [])

    def press(self, browser, *keys):
        for key in keys:
            browser.driver.switch_to.active_element.send_keys(key)

    def tab_to(self, browser, text):
        for _ in range(60):
            self.press(browser, Keys.TAB)
            focused = browser.driver.switch_to.active_element
            if text in (focused.get_attribute("textContent") or ""):
                self.assertTrue(browser.run("return document.activeElement.matches(':focus-visible')"), text)
                return
        self.fail(f"the tab key never comes to {text!r}")

    def test_the_keyboard_alone(self):
        browser = self.enterContext(Browser(self.address))
        browser.open("/")
        browser.wait_for("input[name=user]")
        self.press(browser, Keys.TAB)
        while browser.driver.switch_to.active_element.get_attribute("name") != "user":
            self.press(browser, Keys.TAB)
        self.press(browser, "alice", Keys.TAB, self.world.password(), Keys.ENTER)
        browser.title("Lost mail")
        before = self.trees()
        self.tab_to(browser, f"Bring back {DRAFTS}")
        self.press(browser, Keys.ENTER)
        browser.title("Bring back")
        self.tab_to(browser, "Bring back 300")
        self.press(browser, Keys.ENTER)
        browser.title("The mail is back")
        self.assertEqual(len(self.trees() - before), 1)
        browser.open("/time")
        browser.title("Back in time")
        line = browser.wait_for("svg[role=slider]")
        newest = line.get_attribute("aria-valuenow")
        browser.run("arguments[0].focus()", line)
        self.press(browser, Keys.HOME)
        self.assertEqual(line.get_attribute("aria-valuenow"), "0")
        self.assertIn("messages", line.get_attribute("aria-valuetext"))
        self.press(browser, Keys.END)
        self.assertEqual(line.get_attribute("aria-valuenow"), newest)
        self.assertIn("at=", browser.path)

    def test_nothing_is_wider_than_a_narrow_screen(self):
        for dark in (False, True):
            browser = self.visit(width=320, height=640, dark=dark)
            for path in ("/", "/time", "/search?q=rechnung", "/trees", "/export", "/export?folders=INBOX", "/me"):
                browser.open(path)
                browser.settle()
                self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), 320, path)
            colour = browser.run("return getComputedStyle(document.documentElement).backgroundColor")
            self.assertEqual(int(re.search(r"\d+", colour).group()) < 60, dark)

    def choose(self, browser, list_number, value):
        """In a list of the page's foot."""
        browser.run("const select = document.querySelectorAll('footer select')[arguments[0]];"
                    "select.value = arguments[1]; select.dispatchEvent(new Event('change'))", list_number, value)

    def test_a_colour_scheme_can_be_chosen(self):
        browser = self.visit()
        self.choose(browser, 1, "dark")
        browser.driver.refresh()
        browser.title("Lost mail")
        self.assertEqual(browser.run("return getComputedStyle(document.documentElement).colorScheme"), "dark")

    def test_german(self):
        browser = self.enterContext(Browser(self.address, language="de"))
        browser.open("/")
        browser.title("E-Mails zurückholen")
        browser.log_in(password=self.world.password())
        browser.title("Verlorene E-Mails")
        browser.wait_for(".burst h2", f"Der ganze Ordner {DRAFTS}, 300 Nachrichten")
        self.assertEqual(browser.run("return document.documentElement.lang"), "de")
        self.choose(browser, 0, "en")
        browser.title("Lost mail")

    def test_names_from_mail_are_text(self):
        browser = self.visit()
        browser.wait_for(".burst h2", ODD)
        self.assertEqual(browser.find("main b, main [onclick]"), [])
        names = [element.text for element in browser.driver.find_elements(By.CSS_SELECTOR, "bdi[dir=auto]")]
        self.assertIn(ODD, names)
        browser.click(".burst a", f"Look inside {ODD}")
        browser.until(lambda: len(browser.find(".row .subject")) == 3, "the messages of the odd folder")

    def test_a_long_list_has_few_elements(self):
        browser = self.visit()
        browser.driver.set_script_timeout(60)
        state = browser.driver.execute_async_script("""
            const [many, done] = arguments;
            (async () => {
              const {rows} = await import("/parts/rows.js");
              const {el, replace} = await import("/dom.js");
              const row = (index) => el("div", {class: "row bare"}, `<b>row ${index}</b>`);
              const list = rows({label: "many", total: many, row});
              replace(document.querySelector("main"), list.node);
              const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
              const shown = () => [...list.node.querySelectorAll(".row")].map((row) => row.textContent);
              while (shown().length === 0) await frame();
              const first = shown();
              list.node.scrollTop = list.node.scrollHeight;
              while (!shown().at(-1)?.includes(`row ${many - 1}<`)) await frame();
              const last = [...list.node.querySelectorAll(".row")];
              const box = list.node.getBoundingClientRect();
              const bottom = last.at(-1).getBoundingClientRect().bottom;
              done({first, last: last.map((row) => row.textContent), gap: Math.abs(bottom - box.bottom),
                    size: last.at(-1).getAttribute("aria-setsize"), place: last.at(-1).getAttribute("aria-posinset"),
                    markup: document.querySelectorAll("main b").length});
            })();""", MANY)
        self.assertEqual(state["first"][0], "<b>row 0</b>")
        self.assertEqual(state["last"][-1], f"<b>row {MANY - 1}</b>")
        self.assertLess(len(state["first"]), 60)
        self.assertLess(len(state["last"]), 60)
        self.assertEqual((state["size"], state["place"], state["markup"]), (str(MANY), str(MANY), 0))
        self.assertLess(state["gap"], 60, "the last row is in sight")


class OldLoginTest(unittest.TestCase):
    """The login is too old for a download and a restore, and the session soon over."""

    def test_the_password_is_requested_again(self):
        world = self.enterContext(World(BIN, web={"recent_login": "1s", "session": "150s"}))
        world.append("INBOX", range(3))
        world.append(DRAFTS, range(10, 15))
        world.back_up()
        world.delete_folder(DRAFTS)
        world.back_up()
        browser = self.enterContext(Browser(world.start_page(), downloads=world.directory))
        browser.open("/export?all=true")
        browser.log_in(password=world.password())
        browser.until(lambda: not browser.session().get("recent_login", True), "a login that is too old")
        browser.click("button", "Download 3 messages")
        browser.wait_for("dialog input").send_keys(world.password() + Keys.ENTER)
        browser.wait_for(".note h2", "3 messages were downloaded")
        browser.click("nav a", "Lost mail")
        browser.click(".burst a", f"Bring back {DRAFTS}")
        browser.click("button", "Bring back 5 messages")
        browser.wait_for("dialog input").send_keys("wrong" + Keys.ENTER)
        browser.wait_for("dialog .note", "User name or password is wrong")
        browser.wait_for("dialog input").send_keys(Keys.ESCAPE)
        browser.wait_until_gone("dialog")
        self.assertFalse(any(name.startswith("RESTORED") for name in world.folders()), "without the password")
        browser.click("button", "Bring back 5 messages")
        browser.wait_for("dialog input").send_keys(world.password() + Keys.ENTER)
        browser.title("The mail is back")
        self.assertIn(5, [count for name, count in world.folders().items() if name.startswith("RESTORED/")])
        browser.until(lambda: browser.find("[role=status]", "Your session ends in two minutes"), "the warning")
        browser.wait_for(".note", "Your session is over", patience=180)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
