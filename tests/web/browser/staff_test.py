"""The restore page of staff: the help desk restores for a user without seeing the mail, and sees it with a
permission only; state, jobs, restored mail and audit log of all accounts, as far as the role goes.

Usage: staff_test.py BIN_DIRECTORY"""
import json
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
        alice.click("button", "Make a code")
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
        alice.click("button", "Make a code")
        code = alice.wait_for(".code").text
        officer = self.as_staff(OFFICER, "/accounts/alice/export?all=true")
        officer.wait_for(".note", "not permitted")
        officer.open("/accounts/alice")
        self.assertEqual(officer.find(".account-nav a", "Download"), [])
        officer.wait_for("input[maxlength='8']").send_keys(code)
        officer.click("button", "Use the code")
        officer.click(".account-nav a", "Download")
        officer.title("Download mail")
        officer.click("button", "Show what will be downloaded")
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

    def pages_of(self, browser):
        return [link.text for link in browser.find("header .nav a")]

    def test_each_role_has_its_pages(self):
        for person, pages in ((HELPDESK, ["Accounts", "Restored mail", "Permissions", "Audit log"]),
                              (OPERATOR, ["Accounts", "Status", "Jobs", "Restored mail"]),
                              (OFFICER, ["Accounts", "Status", "Jobs", "Restored mail", "Permissions", "Audit log"])):
            browser = self.as_staff(person)
            self.assertEqual(self.pages_of(browser), pages)
            for page in pages:
                browser.click("header .nav a", page)
                browser.title(page)
                self.assertEqual(browser.find(".note[role=alert]"), [], page)
            self.assertEqual(browser.complaints(), [])

    def test_an_operator_starts_a_job_and_watches_it(self):
        browser = self.as_staff(OPERATOR, "/jobs")
        browser.wait_for(".note", "No daemon is running")
        self.assertFalse(any(button.is_displayed() for button in browser.find("button", "Run now")))
        config = self.world.directory / "daemon.json"
        config.write_text(json.dumps({**self.world.config, "schedule": dict.fromkeys(
            ("backup", "prune", "check", "sweep", "drill"), "never")}))
        daemon = self.world.start(self.world.bin / "mailstow-backupd", "--config", config, "run")
        try:
            self.world.wait_for(daemon, lambda: json.loads(self.world.backupd("status", "--json"))["daemon"])
            browser.driver.refresh()
            browser.click("[data-job=check] button", "Run now")
            browser.until(lambda: browser.find("[role=status]", "Check: started"), "the answer")
            browser.wait_for("[data-job=check] dt", "Last success")
            browser.wait_for("[data-job=check] .tag.good", "done")
            self.assertIn("run --now check", browser.find("[data-job=check] pre")[0].get_attribute("textContent"))
        finally:
            daemon.terminate()
            daemon.wait(60)
        officer = self.as_staff(OFFICER, "/jobs")
        self.assertEqual(officer.find("button", "Run now"), [], "only operators start jobs")

    def test_the_state_of_the_backups(self):
        browser = self.as_staff(OPERATOR, "/status")
        browser.wait_for(".facts dt", "Compression")
        browser.until(lambda: len(browser.find("svg.plot[role=img]")) == 3, "three plots")
        for region in browser.find(".plot-table"):
            self.assertEqual(region.get_attribute("tabindex"), "0")
        browser.wait_for(".plot-table td", "2")  # accounts
        self.assertTrue(any("--by-day" in pre.get_attribute("textContent") for pre in browser.find(".command pre")))

    def test_the_audit_log_has_pages_and_filters(self):
        helpdesk = self.as_staff(HELPDESK, "/accounts/alice")
        helpdesk.click(".account-nav a", "Lost mail")
        helpdesk.title("Lost mail")
        helpdesk.open("/audit")
        helpdesk.wait_for("td", "looked at what vanished")
        self.assertEqual({cell.text for cell in helpdesk.find("td:nth-child(2)")}, {HELPDESK})
        officer = self.as_staff(OFFICER, "/audit?account=alice")
        officer.wait_for("td", "looked at what vanished")
        self.assertEqual({cell.text for cell in officer.find("td:nth-child(5)")}, {"alice"})
        officer.find("form.filter input")[1].send_keys(HELPDESK)
        officer.click("form.filter button")
        officer.until(lambda: "person=" in officer.path, "the filter")
        officer.settle()
        self.assertEqual({cell.text for cell in officer.find("td:nth-child(2)")}, {HELPDESK})

    def test_the_help_desk_sees_restored_mail_of_all_accounts(self):
        self.world.restore("run", "bob", "--all")
        browser = self.as_staff(HELPDESK, "/trees")
        browser.wait_for("input[type=search]").send_keys("bob")
        browser.wait_for(".cards .facts dd", "3 messages")
        lines = [line.get_attribute("textContent") for line in browser.find(".cards pre")]
        # Copied one by one: run together, the second would undo the first.
        self.assertRegex("\n".join(lines), r"^mailstow-restore extend bob (\S+) 7d\nmailstow-restore expire bob \1$")
        self.assertEqual(len(lines), 2)
        browser.click(".cards button", "Keep one more week")
        browser.wait_for(".cards", "14 days left")
        browser.click(".cards button", "Remove")
        browser.click("dialog button", "Remove")
        browser.wait_for(".cards .tag", "will be removed soon")
        operator = self.as_staff(OPERATOR, "/trees?filter=bob")
        operator.wait_for(".cards .tag", "will be removed soon")
        self.assertEqual(operator.find("button", "Remove"), [])
        self.world.restore("sweep")
        self.assertFalse(any(name.startswith("RESTORED") for name in self.world.folders("bob")))

    def test_nothing_is_wider_than_a_narrow_screen(self):
        for person, pages in ((OPERATOR, ("/status", "/jobs", "/trees")), (OFFICER, ("/audit",))):
            browser = self.as_staff(person)
            browser.emulate(320, 640, dark=True)
            for page in pages:
                browser.open(page)
                browser.settle()
                self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), 320, page)

    def test_german(self):
        self.world.staff_proxy.person = OFFICER
        browser = self.enterContext(Browser(self.staff_address, language="de"))
        for page, title in (("/status", "Zustand"), ("/jobs", "Aufträge"), ("/trees", "Zurückgeholte E-Mails"),
                            ("/audit", "Protokoll")):
            browser.open(page)
            browser.title(title)


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
