#!/usr/bin/env python3
"""An IMAP server that sends data that no real one sends: names, IDs and values of any length.

usage: poison_server.py [--prefix N] [--flag N] [--metadata N] [--entries N] [--emailid N]
                        [--mailboxid N] [--trouble N] [--folder N] [--refuse MESSAGES BYTES]
                        [--messages N] [--port-file FILE]

Any password is accepted for any user. The user `evil` gets this data, every other user an ordinary mailbox.
Numbers are in bytes, except: --entries is the number of METADATA entries of --metadata bytes each,
--messages the number of messages in a mailbox. --trouble adds a folder with a name of that length
which can't be opened, --folder one which can; --refuse has that many messages, and refuses each
FETCH with a text of that length. Mail is generated, and identical in every run.
"""
import argparse
import os
import re
import socketserver

LINE_END = b"\r\n"


def literal(value):
    return b"{%d}\r\n%s" % (len(value), value)


def message(user, uid):
    """A message of about a kilobyte."""
    lines = b"".join(b"line %d of message %d to %s\r\n" % (i, uid, user) for i in range(30))
    return (b"From: sender@example.org\r\nTo: %s@example.org\r\nSubject: message %d\r\n"
            b"Message-ID: <%d.%s@example.org>\r\n\r\n" % (user, uid, uid, user)) + lines


class Connection(socketserver.StreamRequestHandler):
    user = b""
    selected = b""

    @property
    def poison(self):
        return self.server.poison if self.user == b"evil" else self.server.harmless

    def say(self, line):
        self.wfile.write(line + LINE_END)

    def read_command(self):
        """Returns a command including its literals; None at end of input."""
        command = b""
        while True:
            line = self.rfile.readline()
            if not line:
                return None
            command += line
            found = re.search(rb"\{(\d+)(\+?)\}\r\n$", line)
            if not found:
                return command[:-2]
            if not found[2]:
                self.wfile.write(b"+ go on\r\n")
            command += self.rfile.read(int(found[1]))

    @staticmethod
    def words(text):
        """Splits text into atoms, quoted strings and literals; lists in parentheses are split, too."""
        found = []
        while text:
            if text[:1] == b" ":
                text = text[1:]
            elif text[:1] == b'"':
                end = text.index(b'"', 1)
                found.append(text[1:end])
                text = text[end + 1:]
            elif start := re.match(rb"\{(\d+)\+?\}\r\n", text):
                end = start.end() + int(start[1])
                found.append(text[start.end():end])
                text = text[end:]
            else:
                word = re.match(rb"[^ ]+", text)[0]
                found.append(word)
                text = text[len(word):]
        return found

    def folders(self):
        names = [b"INBOX"]
        if self.poison.trouble:
            names.append(b"\xff" * self.poison.trouble)
        if self.poison.folder:
            names.append(b"F" * self.poison.folder)
        return names

    def uids(self):
        if self.poison.refuse:
            return range(1, self.poison.refuse[0] + 1)
        return range(1, self.poison.messages + 1)

    def handle(self):
        try:
            self.converse()
        except ConnectionError:
            pass  # the client closed the connection

    def converse(self):
        self.say(b"* OK ready")
        while (command := self.read_command()) is not None:
            tag, _, rest = command.partition(b" ")
            verb, _, rest = rest.partition(b" ")
            verb = verb.upper()
            if verb == b"UID":
                verb, _, rest = rest.partition(b" ")
                verb = b"UID_" + verb.upper()
            answer = getattr(self, "do_" + verb.decode("latin-1"), None)
            result = answer(self.words(rest), rest) if answer else b"BAD what?"
            self.say(tag + b" " + (result or b"OK done"))
            if verb == b"LOGOUT":
                return

    def do_CAPABILITY(self, words, rest):
        names = b"IMAP4rev1 LITERAL+ NAMESPACE"
        if self.poison.metadata:
            names += b" METADATA"
        if self.poison.emailid or self.poison.mailboxid:
            names += b" OBJECTID"
        self.say(b"* CAPABILITY " + names)

    def do_LOGIN(self, words, rest):
        self.user = words[0]

    def do_LOGOUT(self, words, rest):
        self.say(b"* BYE")

    def do_NOOP(self, words, rest):
        pass

    def do_NAMESPACE(self, words, rest):
        prefix = literal(b"p" * self.poison.prefix) if self.poison.prefix else b'""'
        self.say(b"* NAMESPACE ((" + prefix + b' "/")) NIL NIL')

    def do_LIST(self, words, rest):
        for name in self.folders():
            self.say(b'* LIST () "/" ' + literal(name))

    def do_LSUB(self, words, rest):
        self.say(b'* LSUB () "/" INBOX')

    def do_STATUS(self, words, rest):
        items = b"MESSAGES %d UIDNEXT %d UIDVALIDITY 7" % (len(self.uids()), len(self.uids()) + 1)
        if self.poison.mailboxid:
            items += b" MAILBOXID (%s)" % self.mailbox_id(words[0])
        self.say(b"* STATUS " + literal(words[0]) + b" (" + items + b")")

    def mailbox_id(self, name):
        return b"M" * (self.poison.mailboxid - 1) + name[:1]

    def do_EXAMINE(self, words, rest):
        if self.poison.trouble and words[0].startswith(b"\xff"):
            return b"NO it can't be opened"
        self.selected = words[0]
        self.say(b"* %d EXISTS" % len(self.uids()))
        self.say(b"* OK [UIDVALIDITY 7] valid")
        self.say(b"* OK [UIDNEXT %d] next" % (len(self.uids()) + 1))
        if self.poison.mailboxid:
            self.say(b"* OK [MAILBOXID (%s)] it" % self.mailbox_id(words[0]))

    def do_GETMETADATA(self, words, rest):
        name = words[2]
        if not name:
            return
        entries = b" ".join(b"/private/vendor/x/k%d " % i + literal(b"v" * self.poison.metadata)
                            for i in range(self.poison.entries))
        self.say(b"* METADATA " + literal(name) + b" (" + entries + b")")

    def do_UID_SEARCH(self, words, rest):
        self.say(b"* SEARCH" + b"".join(b" %d" % uid for uid in self.uids()))

    def do_UID_FETCH(self, words, rest):
        wanted = set()
        for part in words[0].split(b","):
            first, _, last = part.partition(b":")
            last = len(self.uids()) if last == b"*" else int(last or first)
            wanted.update(range(int(first), last + 1))
        with_body = b"BODY.PEEK[]" in rest
        if with_body and self.poison.refuse:
            return b"NO " + b"r" * self.poison.refuse[1]
        for uid in self.uids():
            if uid not in wanted:
                continue
            text = message(self.user, uid)
            flags = b"\\Seen"
            if self.poison.flag:
                flags += b" " + literal(b"k" * self.poison.flag)
            items = (b'UID %d FLAGS (%s) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE %d'
                     % (uid, flags, len(text)))
            if self.poison.emailid:
                identity = b"E" * (self.poison.emailid - 6) + b"%06d" % uid
                items += b" EMAILID (" + literal(identity) + b")"
            if with_body:
                items += b" BODY[] " + literal(text)
            self.say(b"* %d FETCH (" % uid + items + b")")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Connection)
        self.poison = options
        self.harmless = parse([])
        self.harmless.messages = options.messages

    @property
    def port(self):
        return self.server_address[1]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("prefix", "flag", "metadata", "emailid", "mailboxid", "trouble", "folder"):
        parser.add_argument("--" + name, type=int, default=0)
    parser.add_argument("--entries", type=int, default=1)
    parser.add_argument("--messages", type=int, default=2)
    parser.add_argument("--refuse", type=int, nargs=2)
    parser.add_argument("--port-file")
    return parser.parse_args(arguments)


def main():
    options = parse(None)
    with Server(options) as server:
        if options.port_file:
            with open(options.port_file + ".new", "w", encoding="ascii") as file:
                file.write(str(server.port))
            os.rename(options.port_file + ".new", options.port_file)
        else:
            print(server.port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
