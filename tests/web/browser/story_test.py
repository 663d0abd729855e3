"""The way of a user through the restore page, in a real browser, on a real mail server: what vanished is seen,
restored, found by another mail program, kept longer and removed; the rest is downloaded.

Usage: story_test.py BIN_DIRECTORY"""
import re
import sys
import unittest
import zipfile

from browser import Browser
from world import DRAFTS, World, wait_past_midnight

BIN = None
IS_CYRUS = False
LOST = 12  # messages


class StoryTest(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World(BIN, cyrus=IS_CYRUS))
        self.world.append("INBOX", range(6))
        self.world.append(DRAFTS, range(100, 100 + LOST))
        self.world.back_up()
        self.world.delete_folder(DRAFTS)
        self.world.back_up()
        self.downloads = self.world.directory / "downloads"
        self.downloads.mkdir()
        self.browser = self.enterContext(Browser(self.world.start_page(), downloads=self.downloads))

    def restored(self):
        """The number of messages by folder below the tree, as another mail program finds them."""
        found = {re.sub(r"^RESTORED/[^/]*/?", "", name): count for name, count in self.world.folders().items()
                 if name.startswith("RESTORED/")}
        found.pop("", None)  # the tree itself
        return found

    def log_in(self):
        browser = self.browser
        browser.open("/")
        browser.log_in(password="wrong")
        browser.wait_for(".note.bad", "User name or password is wrong")
        browser.log_in(password=self.world.password())
        browser.title("Lost mail")

    def look_inside(self):
        browser = self.browser
        browser.wait_for(".burst h2", f"The whole folder {DRAFTS}, {LOST} messages")
        browser.click(".burst a", "Look inside")
        browser.until(lambda: len(browser.find(".row .subject")) == LOST, "the messages of the folder")
        browser.driver.back()
        browser.title("Lost mail")

    def restore(self):
        browser = self.browser
        browser.click(".burst a", "Bring back")
        browser.title("Bring back")
        browser.wait_for("td", DRAFTS)
        self.assertEqual(self.restored(), {}, "looking at the plan restores nothing")
        self.assertIn(f"--folder='{DRAFTS}'", browser.find(".command pre")[0].get_attribute("textContent"))
        browser.click("button", f"Bring back {LOST} messages")
        browser.title("The mail is back")
        browser.wait_for(".note h2", f"{LOST} messages are back")
        self.assertEqual(self.restored(), {DRAFTS: LOST})

    def extend(self):
        browser = self.browser
        browser.click("main a", "See the restored mail")
        browser.title("Restored mail")
        browser.wait_for(".card", "7 days left")
        browser.click(".card button", "Keep one more week")
        browser.wait_for(".card", "14 days left")

    def look_as_staff(self):
        """What those who look after the backups see meanwhile."""
        browser = self.enterContext(Browser(self.world.start_page(staff=True)))
        self.world.staff_proxy.person = "olga@example.org"  # an officer
        browser.open("/status")
        browser.title("Status")
        browser.until(lambda: len(browser.find("svg.plot[role=img]")) == 3, "the history of the backups")
        browser.click("header a", "Jobs")
        browser.wait_for(".card .tag", "done")
        browser.click("header a", "Restored mail")
        browser.wait_for(".card h2", "alice: RESTORED/")
        browser.click("header a", "Audit log")
        browser.wait_for("td", "kept restored mail longer")
        self.assertEqual(browser.complaints(), [])

    def remove(self):
        browser = self.browser
        browser.click(".card button", "Remove")
        browser.click("dialog button", "Remove")
        browser.wait_for(".card .tag", "will be removed soon")
        self.world.restore("sweep")
        self.assertEqual(self.restored(), {})
        self.assertEqual(self.world.folders()["INBOX"], 6)

    def download(self):
        wait_past_midnight()
        browser = self.browser
        browser.click("nav a", "Download")
        browser.title("Download mail")
        browser.click("label", "Some folders")
        browser.click(".choices label", "INBOX")
        browser.click("button", "Show what will be downloaded")
        browser.wait_for("td", "INBOX")
        browser.click("label", "A file for each folder")
        self.assertIn("--folder=INBOX --format=mbox", browser.find(".command pre")[0].get_attribute("textContent"))
        browser.click("button", "Download 6 messages")
        browser.wait_for(".note h2", "6 messages were downloaded")
        file = browser.until(lambda: next(self.downloads.glob("*.zip"), None), "the file")
        with zipfile.ZipFile(file) as archive:
            self.assertEqual(sorted(archive.namelist()), ["INBOX.mbox", "manifest.jsonl"])
            self.assertEqual(len(re.findall(rb"^From MAILER-DAEMON ", archive.read("INBOX.mbox"), re.M)), 6)
        browser.driver.refresh()
        browser.wait_for(".note.warn", "as much as is possible in one day")
        self.assertEqual(browser.find("button", "Download 6 messages")[0].get_attribute("aria-disabled"), "true")

    def test_main_story(self):
        self.log_in()
        self.look_inside()
        self.restore()
        self.extend()
        self.look_as_staff()
        self.remove()
        self.download()
        self.browser.click("button", "Log out")
        self.browser.title("Restore your mail")
        self.assertEqual(self.browser.complaints(), [])


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
