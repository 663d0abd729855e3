"""The reverse proxies of docs/restore-page.md, unchanged, with a real nginx, Caddy and Apache before the
page's own web server: a `Remote-User` that a client sends never arrives, and the one of the single sign-on proxy
does; paths and the client's address arrive as the page needs them.

Usage: reverse_proxies_test.py BIN_DIRECTORY"""
import base64
import http.server
import json
import os
import pathlib
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/web/browser"))
from world import SignOnProxy, end_with_parent, free_port, listens  # noqa: E402  (found by the line above)

BIN = None
USERS, STAFF = "restore.example.org", "backup.example.org"
PERSON, FORGED = "olga@example.org", "mallory@example.org"
PASSWORD = "known to the test"
NAMED, NAMELESS = "Cookie: sso=named", "Cookie: sso=nameless"
PATIENCE = 30  # seconds
APACHE_MODULES = ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "headers", "proxy",
                  "proxy_http", "socache_shmcb", "ssl"]


def snippets(language):
    """That for users, and that for staff."""
    text = (ROOT / "docs/restore-page.md").read_text()
    users, staff = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    return users, staff


def adapted(text, changes):
    """The text with other addresses and files. Each must be there."""
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"docs/restore-page.md has no {old!r} there any more")
        text = text.replace(old, str(new))
    return text


class Recorder(SignOnProxy):
    """Stands before the web server, on the socket that the documents name, and notes what arrives."""

    person = PERSON

    def __init__(self, path, web):
        self.web = web
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def changed(self, lines):
        self.requests.append(lines)
        return [line for line in lines if not line.lower().startswith(b"connection:")] + [b"Connection: close"]

    def values(self, name):
        """Of a header field, in the last request."""
        fields = [line.decode().partition(":") for line in self.requests[-1][1:]]
        return [value.strip() for field, _, value in fields if field.lower() == name.lower()]


class Desk(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Admits one person, and notes the names."""
    daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            asked = json.loads(self.rfile.readline())
            self.server.names.append(asked.get("name"))
            answer = {"ok": True, "session": "0" * 64, "person": PERSON, "role": "helpdesk", "account": "",
                      "seconds_left": 60}
            if self.server.names[-1] != PERSON:
                answer = {"ok": False, "error": {"code": "refused", "message": "not this one"}}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    def __init__(self, path):
        self.names = []
        super().__init__(str(path), self.Handler)


class SingleSignOn(http.server.ThreadingHTTPServer):
    """Stands for oauth2-proxy and Authelia: names the person by the cookie, in a way that each has."""
    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            cookie = self.headers.get("Cookie", "")
            self.send_response(200 if "sso=" in cookie else 401)
            if cookie == NAMED.partition(": ")[2]:
                for field in ("Remote-User", "X-Auth-Request-Email"):
                    self.send_header(field, PERSON)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)


class ReverseProxiesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="mailstow-proxies.")))
        cls.directory.chmod(0o755)
        cls.certificate, cls.key = cls.directory / "page.pem", cls.directory / "page.key"
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-subj", f"/CN={USERS}", "-addext", f"subjectAltName=DNS:{USERS},DNS:{STAFF}",
                        "-out", cls.certificate, "-keyout", cls.key], check=True, capture_output=True)
        cls.key.chmod(0o644)  # Apache does not run as root
        cls.desk = cls.serving(Desk(cls.directory / "desk"))
        cls.sign_on = cls.serving(SingleSignOn())
        cls.users = cls.page("self", {"url": f"https://{USERS}"})
        cls.staff = cls.page("staff", {"url": f"https://{STAFF}", "user_header": "Remote-User"})

    @classmethod
    def serving(cls, server):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        return server

    @classmethod
    def page(cls, instance, settings):
        """A web server of the page, and what notes its requests."""
        web, file = cls.directory / f"web-{instance}", cls.directory / f"{instance}.json"
        file.write_text(json.dumps({"instance": instance, "desk": str(cls.directory / "desk"), "socket": str(web), **settings}))
        cls.start([BIN / "mailstow-web", "--config", file, "serve"], web.exists)
        recorder = Recorder(cls.directory / instance, web)
        cls.addClassCleanup(recorder.close)
        return recorder

    @classmethod
    def start(cls, command, is_up, **options):
        log = open(cls.directory / (pathlib.Path(command[0]).name + ".log"), "wb")
        cls.addClassCleanup(log.close)
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=end_with_parent, **options)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        end = time.monotonic() + PATIENCE
        while not is_up():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} does not start: {pathlib.Path(log.name).read_text(errors='replace')}")
            time.sleep(0.02)

    # --- the proxies

    def start_nginx(self, name, server):
        port = free_port()
        place = self.directory / name
        place.mkdir()
        server = adapted(server, {"listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "/etc/ssl/restore.pem": self.certificate,
                                  "/etc/ssl/private/restore.key": self.key})
        temporary = "".join(f"{kind}_temp_path {place}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (place / "nginx.conf").write_text(f"daemon off;\nmaster_process off;\npid {place}/pid;\nerror_log {place}/error;\n"
                                          f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n")
        self.start(["nginx", "-e", place / "error", "-c", place / "nginx.conf"], lambda: listens(port))
        return port

    def start_caddy(self, name, site, host):
        port = free_port()
        place = self.directory / name
        place.mkdir()
        site = adapted(site, {host + " {": f"https://{host}:{port} {{\n    bind 127.0.0.1\n    tls {self.certificate} {self.key}"})
        (place / "Caddyfile").write_text(f"{{\n    admin off\n    auto_https off\n    storage file_system {place}\n}}\n{site}")
        environment = dict(os.environ, HOME=str(place), XDG_CONFIG_HOME=str(place), XDG_DATA_HOME=str(place))
        self.start(["caddy", "run", "--config", place / "Caddyfile", "--adapter", "caddyfile"], lambda: listens(port),
                   env=environment)
        return port

    def start_apache(self, name, host):
        """Not as root, which it refuses to be."""
        port = free_port()
        place = self.directory / name
        place.mkdir()
        host = adapted(host, {"*:443": f"127.0.0.1:{port}", "/etc/ssl/restore.pem": self.certificate,
                              "/etc/ssl/private/restore.key": self.key})
        modules = "".join(f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n" for module in APACHE_MODULES)
        (place / "apache.conf").write_text(f"{modules}ServerRoot {place}\nServerName localhost\nPidFile {place}/pid\n"
                                           f"ErrorLog {place}/error\nDefaultRuntimeDir {place}\nListen 127.0.0.1:{port}\n{host}")
        options = {}
        if os.geteuid() == 0:
            os.chown(place, 65534, 65534)
            options = {"user": 65534, "group": 65534, "extra_groups": []}
        self.start(["apache2", "-X", "-f", place / "apache.conf"], lambda: listens(port), **options)
        return port

    # --- requests

    def send(self, port, host, method, path, *fields, body=""):
        """The status and the whole answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *fields]
        if method == "POST":
            lines += ["Sec-Fetch-Site: same-origin", "X-Mailstow: 1", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        context = ssl.create_default_context(cafile=self.certificate)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), PATIENCE), server_hostname=host) as connection:
            connection.sendall("\r\n".join([*lines, "", body]).encode())
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return int(answer.split()[1]), answer.decode(errors="replace")

    def check_users(self, port):
        path = "/api/v1/accounts/a%2Fb%3Bc%27%20/snapshots?after=%2e"
        self.send(port, USERS, "GET", path, f"Remote-User: {FORGED}", f"REMOTE-USER: {FORGED}", "X-Real-IP: 203.0.113.9")
        recorder = self.users
        self.assertEqual(recorder.requests[-1][0].split()[1].decode(), path)
        self.assertEqual(recorder.values("Remote-User"), [])
        self.assertEqual(recorder.values("X-Real-IP"), ["127.0.0.1"])
        self.assertEqual(recorder.values("Host"), [USERS])
        status, answer = self.send(port, USERS, "GET", "/api/v1/instance")
        self.assertEqual(status, 200, answer)
        self.assertIn("strict-transport-security: max-age=31536000", answer.lower())
        self.assertIn('"instance":"self"', answer)

    def check_staff(self, port, proof, nameless=None):
        """`proof`: the header field of a person who has logged in at the single sign-on proxy; `nameless`: of a
        login without a name."""
        recorder, names = self.staff, self.desk.names
        forged = (f"Remote-User: {FORGED}", f"remote-user: {FORGED}")
        status, answer = self.send(port, STAFF, "POST", "/api/v1/session", proof, *forged, "X-Real-IP: 203.0.113.9", body="{}")
        self.assertEqual(status, 200, answer)
        self.assertEqual(recorder.values("Remote-User"), [PERSON])
        self.assertEqual(recorder.values("X-Real-IP"), ["127.0.0.1"])
        self.assertEqual(names[-1], PERSON)
        seen, known = len(recorder.requests), len(names)
        status, _ = self.send(port, STAFF, "POST", "/api/v1/session", *forged, body="{}")
        self.assertIn(status, (401, 403))
        self.assertEqual(len(recorder.requests), seen, "without a login nothing is passed on")
        # Fields that Connection names are removed on the way: whatever is left, it is not the client's.
        self.send(port, STAFF, "POST", "/api/v1/session", proof, *forged, "Connection: Remote-User", body="{}")
        self.assertLessEqual(set(recorder.values("Remote-User")), {PERSON})
        if nameless:
            status, _ = self.send(port, STAFF, "POST", "/api/v1/session", nameless, *forged, body="{}")
            self.assertIn(status, (401, 403))  # Caddy sends the name of its own variable: no person has it
            self.assertNotIn(FORGED, recorder.values("Remote-User"))
        self.assertNotIn(FORGED, names[known:])

    # --- the tests

    def test_nginx(self):
        users, staff = snippets("nginx")
        self.check_users(self.start_nginx("nginx-users", adapted(users, {"/run/mailstow-web/self": self.directory / "self"})))
        staff = adapted(staff, {"/run/mailstow-web/staff": self.directory / "staff",
                                "127.0.0.1:4180": f"127.0.0.1:{self.sign_on.server_port}"})
        server, count = re.subn(r"    location / \{.*?\n    \}\n", lambda _: staff, users, flags=re.S)
        self.assertEqual(count, 1)
        port = self.start_nginx("nginx-staff", adapted(server, {USERS: STAFF}))
        self.check_staff(port, NAMED, NAMELESS)

    def test_caddy(self):
        users, staff = snippets("caddyfile")
        self.check_users(self.start_caddy("caddy-users", adapted(users, {"/run/mailstow-web/self": self.directory / "self"}), USERS))
        staff = adapted(staff, {"/run/mailstow-web/staff": self.directory / "staff",
                                "127.0.0.1:9091": f"127.0.0.1:{self.sign_on.server_port}"})
        self.check_staff(self.start_caddy("caddy-staff", staff, STAFF), NAMED, NAMELESS)

    def test_apache(self):
        users, staff = snippets("apache")
        self.check_users(self.start_apache("apache-users", adapted(users, {"/run/mailstow-web/self": self.directory / "self"})))
        # A password in place of OpenID Connect: REMOTE_USER is what either of them says.
        passwords = self.directory / "passwords"
        hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True).stdout
        passwords.write_text(f"{PERSON}:{hashed}")
        staff = adapted(staff, {"AuthType openid-connect": f"AuthType Basic\nAuthName staff\nAuthUserFile {passwords}"})
        host = adapted(users, {"    RequestHeader unset Remote-User\n": staff, "/run/mailstow-web/self": self.directory / "staff",
                               USERS: STAFF})
        proof = "Authorization: Basic " + base64.b64encode(f"{PERSON}:{PASSWORD}".encode()).decode()
        self.check_staff(self.start_apache("apache-staff", host), proof)


if __name__ == "__main__":
    BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main(verbosity=2)
