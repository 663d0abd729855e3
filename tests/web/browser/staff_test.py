"""The restore page of staff: the help desk restores for a user without seeing the mail, and sees it with a
permission only.

Usage: staff_test.py BIN_DIRECTORY"""
import sys
import unittest

from browser import Browser
from world import DRAFTS, World

BIN = None
LOST = 7  # messages
SUBJECT = "Rechnung"
HELPDESK, OPERATOR, OFFICER = "harriet@example.org", "oscar@example.org", "olga@example.org"


class StaffTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World(BIN))
        cls.world.append("INBOX", range(10))
        cls.world.append(DRAFTS, range(100, 100 + LOST))
        cls.world.append("INBOX", range(3), user="bob")
        cls.world.back_up()
        cls.world.delete_folder(DRAFTS)
        cls.world.back_up()
        cls.address = cls.world.start_page()
        cls.staff_address = cls.world.start_page(staff=True)

    def as_staff(self, person, path="/"):
        """A browser that the single sign-on proxy has identified as this person's."""
        self.world.staff_proxy.person = person
        browser = self.enterContext(Browser(self.staff_address, downloads=self.world.directory))
        browser.open(path)
        browser.settle()
        return browser

    def as_alice(self, path="/"):
        browser = self.enterContext(Browser(self.address))
        browser.open(path)
        browser.log_in(password=self.world.password())
        browser.until(lambda: "/login" not in browser.path, path)
        browser.settle()
        return browser

    def ask(self, browser, path):
        """The status of a request of the page."""
        return browser.driver.execute_async_script(
            "const [path, done] = arguments; fetch('/api/v1' + path).then((answer) => done(answer.status))", path)

    def test_the_help_desk_restores_unseen(self):
        browser = self.as_staff(HELPDESK)
        browser.title("Accounts")
        browser.click(".row a", "alice")
        browser.title("alice")
        browser.click("main a", "Restore for this user")
        browser.title("Lost mail")
        self.assertEqual(browser.find("a", "Look inside"), [])
        browser.click(".burst a", "Bring back")
        browser.title("Bring back")
        browser.click("button", f"Bring back {LOST} messages")
        browser.title("The mail is back")
        self.assertEqual([count for name, count in self.world.folders().items() if name.endswith("/" + DRAFTS)], [LOST])
        self.assertNotIn(SUBJECT, browser.run("return document.documentElement.outerHTML"))
        self.assertEqual(self.ask(browser, "/accounts/alice/search?q=rechnung"), 403)

    def test_the_owners_code_and_its_end(self):
        alice = self.as_alice("/me")
        alice.click("button", "make a code")
        code = alice.wait_for(".code").text
        browser = self.as_staff(HELPDESK, "/accounts/alice")
        self.assertEqual(browser.find(".account-nav a", "Search"), [])
        browser.wait_for("input[maxlength='8']").send_keys(code)
        browser.click("button", "Use the code")
        browser.wait_for(".note", "You may look into this mailbox")
        browser.click(".account-nav a", "Search")
        browser.title("Search")
        browser.open("/accounts/alice/search?q=rechnung")
        browser.wait_for(".row .subject", SUBJECT)
        alice.driver.refresh()
        alice.wait_for("td", "searched")
        alice.wait_for(".tag", "help desk")
        alice.click("li button", "End")
        alice.wait_until_gone("li button", "End")
        self.assertEqual(self.ask(browser, "/accounts/alice/search?q=rechnung"), 403)

    def test_an_officer_approves(self):
        browser = self.as_staff(HELPDESK, "/accounts/bob")
        browser.wait_for("input[maxlength='500']").send_keys("ticket 17")
        browser.click("button", "Ask for permission")
        browser.until(lambda: browser.find("[role=status]", "has to approve"), "the answer")
        officer = self.as_staff(OFFICER, "/grants")
        officer.wait_for(".card p", "Reason: ticket 17")
        officer.click("button", "Approve")
        officer.wait_for(".tag", "given")
        officer.open("/accounts/bob")
        officer.wait_for("td", "asked for permission to look")
        again = self.as_staff(HELPDESK, "/accounts/bob")
        again.wait_for(".note", "You may look into this mailbox")

    def test_an_officer_downloads_with_the_owners_code(self):
        alice = self.as_alice("/me")
        alice.click("button", "make a code")
        code = alice.wait_for(".code").text
        officer = self.as_staff(OFFICER, "/accounts/alice/export?all=true")
        officer.wait_for(".note", "not permitted")
        officer.open("/accounts/alice")
        self.assertEqual(officer.find(".account-nav a", "Download"), [])
        officer.wait_for("input[maxlength='8']").send_keys(code)
        officer.click("button", "Use the code")
        officer.click(".account-nav a", "Download")
        officer.title("Download mail")
        officer.click("button", "Show what it holds")
        officer.click("button", "Download 10 messages")
        officer.wait_for(".note h2", "10 messages were downloaded")
        alice.driver.refresh()
        alice.wait_for("td", "downloaded mail")
        alice.click("li button", "End")
        alice.wait_until_gone("li button", "End")

    def test_an_operator_sees_no_folders(self):
        browser = self.as_staff(OPERATOR, "/accounts/alice")
        browser.wait_for("h2", "Backups")
        self.assertEqual([link.text for link in browser.find(".account-nav a")], ["Overview"])
        self.assertEqual(self.ask(browser, "/accounts/alice/vanished"), 403)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
