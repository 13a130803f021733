"""Answers of a server that lies: what the rules `edit` and `other` of `fault-proxy` make of an answer."""

import collections
import gzip
import re


class Memory:
    """The latest answers that went through unspoilt, to be given to other questions."""

    def __init__(self):
        self.answers = collections.deque(maxlen=64)

    def note(self, method, target, head, body):
        self.answers.append((method, target, head.copy(), body))

    def other(self, method, target):
        """The latest answer to such a question about something else, or None."""
        for number, (kept_method, kept_target, head, body) in enumerate(reversed(self.answers)):
            if kept_method == method and kept_target.split("?")[0] != target.split("?")[0]:
                return head.copy(), body
        return None


def edited(edit, head, body, count):
    """Changes a head in place, and gives the body.

    `status`, `headers` (null takes one away), `long_header` (so many bytes), `replace` (pairs of a regular expression
    and what stands in its place, where {n} is the number of the answer), `body`, `gzip`, `halves` (their order is
    changed), `length` (what is said of the length, apart from the truth)."""
    if "status" in edit:
        words = head.line.split(" ", 2)
        head.line = f"{words[0]} {edit['status']} {words[2] if len(words) > 2 else ''}"
    for name, value in edit.get("headers", {}).items():
        head.remove(name) if value is None else head.set(name, value)
    if "long_header" in edit:
        head.set("x-very-long", "v" * edit["long_header"])
    if "body" in edit:
        body = edit["body"].encode()
    for pattern, text in edit.get("replace", []):
        text = text.replace("{n}", str(count)).encode("latin-1")
        body = re.sub(pattern.encode("latin-1"), lambda _: text, body)
    if edit.get("halves"):
        body = body[len(body) // 2 :] + body[: len(body) // 2]
    if edit.get("gzip"):
        body = gzip.compress(body)
        head.set("content-encoding", "gzip")
    return body
