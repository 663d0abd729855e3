"""The restore page of users whom a single sign-on proxy has identified: there is no password, neither for a login
nor for a restore after an old one; a session that ends leads to the proxy's login and back.

Usage: proxy_test.py BIN_DIRECTORY"""
import sys
import unittest

from browser import Browser
from world import DRAFTS, World

BIN = None
LOST = 7  # messages


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World(BIN, web={"recent_login": "1s"}))
        cls.world.append("INBOX", range(4))
        cls.world.append(DRAFTS, range(100, 100 + LOST))
        cls.world.append("INBOX", range(3), user="bob")
        cls.world.back_up()
        cls.world.delete_folder(DRAFTS)
        cls.world.back_up()
        cls.address = cls.world.start_page(proxy=True)
        cls.proxy = cls.world.owner_proxy

    def visit(self, path="/"):
        self.proxy.person = "alice"
        browser = self.enterContext(Browser(self.address))
        browser.open(path)
        browser.settle()
        return browser

    def assert_no_password(self, browser):
        self.assertEqual(browser.find("input[type=password]"), [])

    def test_a_restore_after_an_old_login(self):
        browser = self.visit()
        browser.title("Lost mail")
        self.assertEqual(browser.find("button", "Log out"), [])
        browser.click(".burst a", f"Bring back {DRAFTS}")
        browser.title("Bring back")
        browser.until(lambda: not browser.session()["recent_login"], "a login that is too old")
        browser.click("button", f"Bring back {LOST} messages")
        browser.title("The mail is back")
        self.assertEqual(browser.find("dialog"), [])
        self.assertIn(LOST, [count for name, count in self.world.folders().items() if name.startswith("RESTORED/")])

    def test_another_person(self):
        browser = self.visit("/trees")
        browser.title("Restored mail")
        self.proxy.person = "bob"
        browser.click("nav a", "Lost mail")
        browser.wait_for(".note", "Your session is over")
        self.assert_no_password(browser)
        browser.click("main button", "Log in again")
        browser.title("Lost mail")
        self.assertEqual(browser.session()["account"], "bob")

    def test_the_end_of_the_single_sign_on(self):
        for is_loaded in (False, True):  # the file of the page that comes next
            with self.subTest(is_loaded=is_loaded):
                browser = self.visit("/" if is_loaded else "/trees")
                browser.click("nav a", "Restored mail")
                browser.title("Restored mail")
                self.proxy.person = None
                browser.click("nav a", "Lost mail")
                browser.wait_for(".note", "Your session is over")
                self.assert_no_password(browser)
                self.proxy.person = "alice"
                browser.click("main button", "Log in again")
                browser.title("Lost mail")


if __name__ == "__main__":
    BIN = sys.argv.pop(1)
    unittest.main(verbosity=2)
