"""No page violates a rule of WCAG 2.2 AA that axe-core can check: every page of users and of staff, as wide and as
narrow as it gets, light and dark, in both languages, with its dialogs open and its errors shown.

axe-core comes from npm, at the version and with the digest of axe/package-lock.json, into a temporary directory.

Usage: axe_test.py BIN_DIRECTORY"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from browser import Browser
from world import DRAFTS, World, letter

BIN = None
LOST = 12  # messages
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [dict(), dict(dark=True), dict(width=320, height=640), dict(width=320, height=640, dark=True, language="de")]


def fetch_axe(directory):
    """The text of the script."""
    for file in (pathlib.Path(__file__).parent / "axe").iterdir():
        shutil.copy(file, directory)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=directory, check=True,
                   stdout=subprocess.DEVNULL)
    return (pathlib.Path(directory) / "node_modules/axe-core/axe.min.js").read_text()


class AxeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            cls.axe = fetch_axe(directory)
        cls.world = cls.enterClassContext(World(BIN, web={"bounds": {"trees": 20, "restores_per_day": 50}}))
        cls.world.append("INBOX", range(40))
        cls.world.append("INBOX", [letter(1, cls.world.now(), subject="Küche", html="<h2>Offer</h2><p>oak</p>")])
        cls.world.append(DRAFTS, range(100, 100 + LOST))
        cls.world.back_up()
        cls.world.delete_folder(DRAFTS)
        cls.world.back_up()
        cls.address = cls.world.start_page()
        cls.staff_address = cls.world.start_page(staff=True)

    def check(self, browser, what):
        """The page as it is now; a message's own frame is the sender's, and is left out."""
        browser.run(self.axe)
        found = browser.driver.execute_async_script("""
            const [rules, done] = arguments;
            axe.run({exclude: [["iframe"]]}, {runOnly: {type: "tag", values: rules}, iframes: false})
              .then((result) => done({violations: result.violations, passes: result.passes.length}))
              .catch((error) => done({violations: [String(error)], passes: 0}));
            """, RULES)
        for violation in found["violations"]:
            if isinstance(violation, str):
                self.fail(f"{what}: {violation}")
        text = [f"{each['id']}: {each['help']}: {node['target']} {node['html'][:200]} {node['failureSummary']}"
                for each in found["violations"] for node in each["nodes"]]
        self.assertEqual(text, [], what)
        self.assertGreater(found["passes"], 10, f"{what}: the rules were not applied")

    def visit(self, look):
        browser = self.enterContext(Browser(self.address, **look))
        browser.driver.set_script_timeout(60)
        browser.open("/")
        browser.wait_for("form input[name=user]")
        return browser

    def test_the_pages_of_users(self):
        for look in LOOKS:
            browser = self.visit(look)
            self.check(browser, f"login {look}")
            browser.log_in(password="wrong")
            browser.wait_for(".note.bad")
            self.check(browser, f"refused login {look}")
            browser.log_in(password=self.world.password())
            browser.wait_for(".burst")
            self.check(browser, f"lost mail {look}")
            for path in ("/time", "/search?q=rechnung", "/search?q=is:unread", "/export", "/trees", "/me", "/nothing-here"):
                browser.open(path)
                browser.settle()
                self.check(browser, f"{path} {look}")
            browser.open("/search?q=k%C3%BCche")
            browser.wait_for(".row a").click()
            browser.wait_for("iframe")
            self.check(browser, f"message {look}")

    def test_a_restore_from_the_plan_to_its_removal(self):
        for look in LOOKS:
            browser = self.visit(look)
            browser.log_in(password=self.world.password())
            browser.wait_for(".burst a.main, .burst .button.main").click()
            browser.wait_for("table")
            self.check(browser, f"plan {look}")
            browser.wait_for("main button.main").click()
            browser.until(lambda: browser.path.startswith("/jobs/"), "the page of the restore")
            browser.wait_for(".note h2", str(LOST))
            self.check(browser, f"end of the restore {look}")
            browser.open("/trees")
            browser.wait_for(".card")
            self.check(browser, f"restored mail {look}")
            browser.run("document.querySelectorAll('.card button')[1].click()")
            browser.wait_for("dialog")
            self.check(browser, f"question {look}")

    def test_the_pages_of_staff(self):
        self.world.staff_proxy.person = "olga@example.org"  # an officer
        for look in LOOKS:
            browser = self.enterContext(Browser(self.staff_address, **look))
            browser.driver.set_script_timeout(60)
            for path in ("/", "/status", "/jobs", "/trees", "/audit", "/accounts/alice"):
                browser.open(path)
                browser.settle()
                self.check(browser, f"staff {path} {look}")


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
