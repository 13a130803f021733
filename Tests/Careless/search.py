"""Canaries: words that must not be found, and the search for them."""

import base64
import os
import re
import subprocess


class Canaries:
    """What must not be found, by what it is."""

    def __init__(self, random):
        def word(count):
            return "".join(random.choices("abcdefghijkmnopqrstuvwxyzACDEFGHJKLMNPQRSTUVWXYZ", k=count))

        self.key_id = "AKIA" + word(16).upper()
        self.secret = word(40)
        self.session = word(120)
        self.password = word(24)
        self.proxy = word(24)
        self.signature = word(64)
        self.identity = word(90)
        self.printed = word(40)
        self.broken = word(40)
        self.sign_in = word(60)
        self.query = word(32)
        self.container = word(48)

    def forms(self):
        """Each canary as it is and as it travels."""
        for name, value in vars(self).items():
            if name == "key_id":
                continue
            yield name, value.encode()
            for user in ("ada", ""):
                yield name, base64.b64encode(f"{user}:{value}".encode()).rstrip(b"=")[8:]
            yield name, base64.b64encode(value.encode()).rstrip(b"=")


class Search:
    """Looks for the canaries, and counts where."""

    def __init__(self, canaries):
        forms = list(canaries.forms())
        self.names = {form: name for name, form in forms}
        self.pattern = re.compile(b"|".join(re.escape(form) for _, form in forms))
        # The signature of a request is none of the canaries, and follows from one.
        self.signed = re.compile(rb"Signature=[0-9a-fA-F]{64}|X-Amz-Signature=[0-9a-f]{64}")
        self.places = 0
        self.found = []

    def look(self, content, place, allowed=None):
        self.places += 1
        for match in [*self.pattern.finditer(content), *self.signed.finditer(content)]:
            start = content.rfind(b"\n", 0, match.start()) + 1
            line = content[start:content.find(b"\n", match.end()) if b"\n" in content[match.end():] else None]
            name = self.names.get(match.group(), "a signature")
            if allowed and allowed(name, line):
                continue
            about = content[max(start, match.start() - 160):match.start()] + b"[...]" + content[match.end():match.end() + 40]
            self.found.append(f"{name} in {place}: {about.splitlines()[0].decode(errors='replace')}")

    def look_in_files(self, folder, is_known, allowed=None):
        """Every file below a folder, and Git's objects unpacked."""
        for path, folders, files in os.walk(folder):
            for name in files:
                file = os.path.join(path, name)
                if not os.path.islink(file) and os.path.isfile(file) and not is_known(file):
                    with open(file, "rb") as opened:
                        self.look(opened.read(), file, allowed)
            if {"objects", "refs", "HEAD"} <= set(folders + files):
                objects = subprocess.run(
                    ["git", f"--git-dir={path}", "cat-file", "--batch-all-objects", "--batch", "--unordered"],
                    capture_output=True).stdout
                self.look(objects, f"{path}: objects", allowed)
