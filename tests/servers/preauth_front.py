#!/usr/bin/env python3
"""Logs IMAP clients in for a server program that begins logged in, on its standard input and output.

usage: preauth_front.py --host HOST --port PORT --users FILE --homes DIRECTORY -- PROGRAM [ARGUMENT...]

FILE has a line `name:password` for each user. The program runs once for each connection, in
DIRECTORY/name, with HOME and AUTHENTICATED in addition to this program's environment. Its PREAUTH
greeting is not sent to the client.

Courier's library for watching files would wait more than a second for its own server, each time the program
starts. A silent one is there instead.
"""
import argparse
import ctypes
import os
import pwd
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading


def words_of(text):
    """Splits a line into atoms and quoted strings."""
    return [re.sub(rb"\\(.)", rb"\1", quoted) if quoted else atom
            for quoted, atom in re.findall(rb'"((?:\\.|[^"\\])*)"|([^ "]+)', text)]


# Seconds that a program has to end after its client has left: imap4d may read the end of its input for
# ever.
PATIENCE = 5
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    """In a child: no program outlives this one, however this one ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def copy(source, target, at_end):
    """Copies until either side ends."""
    try:
        while data := source(65536):
            target(data)
    except OSError:
        pass
    at_end()


class Connection(socketserver.BaseRequestHandler):
    def say(self, line):
        self.request.sendall(line + b"\r\n")

    def read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            # A byte at a time: what follows the login is for the program.
            byte = self.request.recv(1)
            if not byte:
                return None
            line += byte
        return line.rstrip(b"\r\n")

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.say(b"* OK ready")
            login = self.log_in()
            if login:
                self.serve(*login)
        except ConnectionError:
            pass  # the client closed the connection

    def log_in(self):
        """Returns (tag, user); None if the client leaves."""
        while (line := self.read_line()) is not None:
            tag, _, rest = line.partition(b" ")
            verb, _, rest = rest.partition(b" ")
            verb = verb.upper()
            if verb == b"CAPABILITY":
                self.say(b"* CAPABILITY IMAP4rev1")
                self.say(tag + b" OK done")
            elif verb == b"LOGIN":
                words = words_of(rest)
                if len(words) == 2 and self.server.users.get(words[0]) == words[1]:
                    return tag, words[0].decode()
                self.say(tag + b" NO wrong user or password")
            elif verb == b"LOGOUT":
                self.say(b"* BYE")
                self.say(tag + b" OK done")
                return None
            elif verb == b"NOOP":
                self.say(tag + b" OK done")
            else:
                self.say(tag + b" BAD log in first")
        return None

    def serve(self, tag, user):
        home = os.path.join(self.server.homes, user)
        environment = dict(os.environ, HOME=home, AUTHENTICATED=user)
        with subprocess.Popen(self.server.program, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              cwd=home, env=environment, bufsize=0,
                              preexec_fn=end_with_parent) as program:
            greeting = b""
            # Libraries may write lines before it.
            while not (greeting.startswith(b"* PREAUTH") and greeting.endswith(b"\n")):
                byte = program.stdout.read(1)
                if not byte:
                    self.say(tag + b" NO the server can't be started")
                    return
                greeting = byte if greeting.endswith(b"\n") else greeting + byte
            self.say(tag + b" OK logged in")
            backwards = threading.Thread(target=copy, args=(
                program.stdout.read, self.request.sendall,
                lambda: self.request.shutdown(socket.SHUT_RDWR)))
            backwards.start()
            copy(self.request.recv, program.stdin.write, program.stdin.close)
            backwards.join(PATIENCE)
            try:
                program.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.kill()
            backwards.join()


def stand_in_for_gamin():
    """Accepts what libgamin connects to, and never answers."""
    name = f"mailstow-{os.getpid()}"
    os.environ["GAM_CLIENT_ID"] = name
    listener = socket.socket(socket.AF_UNIX)
    path = f"\0/tmp/fam-{pwd.getpwuid(os.getuid()).pw_name}-{name}"
    listener.bind(path.ljust(108, "\0"))  # all of sun_path
    listener.listen(100)

    def swallow(connection):
        with connection:
            while connection.recv(65536):
                pass

    def accept():
        while True:
            threading.Thread(target=swallow, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class Front(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--users", required=True)
    parser.add_argument("--homes", required=True)
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    try:
        front = Front((options.host, options.port), Connection)
    except OSError as error:
        sys.exit(f"preauth_front: {error}")
    with open(options.users, "rb") as file:
        front.users = dict(line.rstrip(b"\n").split(b":", 1) for line in file)
    front.homes = options.homes
    stand_in_for_gamin()
    front.program = options.program
    front.serve_forever()


if __name__ == "__main__":
    main()
