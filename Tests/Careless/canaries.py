"""Secrets: canaries of every kind go through every command that meets them, with success and with each kind of failure,
with every trace on; then they are looked for wherever somebody else could read them."""

import hashlib
import json
import os
import re
import shutil

from ground import TESTS, Failure, Held
from search import Canaries, Search

# Of Git's own programs, those that Git gives the URL of a remote on their command line.
GIT_SHOWS_URLS = re.compile(rb'remote-http|hooks/pre-push|hook pre-push|"hook", "pre-push"|ls-remote|send-pack|fetch-pack|"clone"|"fetch"')


class Secrets:
    def __init__(self, ground):
        self.ground = ground
        self.canaries = Canaries(ground.random)
        self.search = Search(self.canaries)
        self.home = ground.home
        self.www = ground.folder / "www"
        self.www.mkdir()
        ground.write(self.www / "page", b"a page\n" * 40)
        self.traces = ground.folder / "traces"
        self.traces.mkdir()
        self.has_strace = shutil.which("strace") is not None
        self.typed = set()
        # What the user has written down, and Git.
        self.known = [ground.home / ".aws", self.traces, f"{self.www}.log", ground.folder / "other.log", ground.folder / "prefix", ground.folder / "hidden"]

    def __enter__(self):
        self.server = Held(TESTS / "Servers/echoing", self.www)
        self.other = Held(TESTS / "Servers/echoing", self.ground.folder / "other")
        return self

    def __exit__(self, *_):
        self.server.end()
        self.other.end()

    # What there is

    def endpoint(self, manner):
        return f"http://127.0.0.1:{self.server.port}/{manner}"

    def keys(self):
        return {
            "AWS_ACCESS_KEY_ID": self.canaries.key_id, "AWS_SECRET_ACCESS_KEY": self.canaries.secret,
            "AWS_SESSION_TOKEN": self.canaries.session, "AWS_EC2_METADATA_DISABLED": "true",
        }

    def project(self, name, manner="store"):
        work = self.ground.project(name)
        self.ground.git(
            work, "config", "-f", ".gitdata", "data.storage.url", f"s3://lab/{name}?endpoint={self.endpoint(manner)}")
        self.ground.git(work, "config", "data.storage.url", f"s3://lab/{name}?endpoint={self.endpoint(manner)}")
        self.ground.git(work, "config", "-f", ".gitdata", "data.remote", "storage")
        self.ground.commit(work, "Data goes to a bucket")
        return work

    def point(self, work, manner, port=None):
        base = self.endpoint(manner) if port is None else f"http://127.0.0.1:{port}/{manner}"
        self.ground.git(work, "config", "data.storage.url", f"s3://lab/{work.name}?endpoint={base}")

    # Running

    def run(self, words, cwd, environment=None, is_quiet=False):
        """Runs a command with every trace on, and looks at all that it said and started."""
        number = self.ground.runs
        traces = {name: str(self.traces / f"{number}.{name}") for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE2_EVENT", "GIT_TRACE_PACKET")}
        if not is_quiet:
            traces["GIT_CURL_VERBOSE"] = "1"
        if not self.ground.is_long:
            # What a failure says is the same after one more attempt.
            traces["AWS_MAX_ATTEMPTS"] = "2"
        command = ["sh", "-c", 'umask 0; exec "$@"', "sh", *words]
        calls = self.traces / f"{number}.calls"
        if self.has_strace:
            command = ["strace", "-f", "-qq", "-v", "-s", "20000", "--seccomp-bpf", "-e", "trace=execve", "-e", "signal=none", "-o", calls, *command]
        result = self.ground.try_(command, cwd=cwd, environment=traces | (environment or {}))
        shown = " ".join(map(str, words))[:100]
        self.typed |= {str(word).encode() for word in words if self.search.pattern.search(str(word).encode())}
        self.search.look(result.stdout.encode(errors="surrogateescape"), f"the output of '{shown}'")
        self.search.look(result.stderr.encode(errors="surrogateescape"), f"the messages of '{shown}'")
        if self.has_strace:
            self.look_at_calls(calls.read_bytes(), shown)
            calls.unlink()
        if result.returncode > 1 and result.returncode not in (128, 129):
            raise Failure(f"'{shown}' ended with {result.returncode}:\n{result.said}")
        return result

    def look_at_calls(self, calls, shown):
        """Command lines, which everybody on the machine can read, and who is given which environment."""
        for line in calls.splitlines():
            match = re.search(rb'execve\("([^"]*)", \[(.*?)\], \[(.*)\]\) += 0', line)
            if not match:
                continue
            program, arguments, variables = match.groups()
            self.search.look(
                arguments, f"a command line of '{shown}'",
                lambda _, line: GIT_SHOWS_URLS.search(line) or any(word in line for word in self.typed))
            if os.path.basename(program) == b"git" and self.is_plumbing(arguments):
                self.search.look(variables, f"the environment of '{arguments[:80].decode()}' in '{shown}'", lambda name, _: name in ("password", "query"))

    @staticmethod
    def is_plumbing(arguments):
        """Whether this is a command of Git's that git data starts, and that reaches no network."""
        words = re.findall(rb'"((?:[^"\\]|\\.)*)"', arguments)
        # With `--git-dir` it is Git's own, where a push is received.
        return not words[1].startswith(b"--git-dir") and any(word in words[1:4] for word in (b"config", b"rev-parse", b"check-attr", b"for-each-ref", b"ls-files", b"hash-object"))

    def look_around(self, *known):
        """Everything that was written, but for what the user has written down."""
        self.known += known
        places = tuple(map(str, self.known))
        self.search.look_in_files(self.ground.folder, lambda file: file.startswith(places))
        self.search.look_in_files(self.traces, lambda file: False, lambda _, line: GIT_SHOWS_URLS.search(line) or any(word in line for word in self.typed))
        for file in self.traces.iterdir():
            file.unlink()
        if self.search.found:
            raise Failure("\n".join(dict.fromkeys(self.search.found)))

    # Cases

    COMMANDS = [
        ("data", "push", "--all", "--verbose"), ("data", "pull", "--verbose"), ("data", "fetch", "--all", "--verbose"),
        ("data", "fsck", "--remote", "--verbose"), ("data", "remote", "list", "--json"), ("data", "remote", "check"),
        ("data", "remote", "check", "--json"), ("data", "doctor"), ("data", "doctor", "--json"), ("data", "status", "--json"),
        ("data", "gc", "--remote=storage", "--mark"), ("data", "gc", "--remote=storage", "--unmark"), ("push", "origin", "main"),
    ]

    def everyday(self):
        """Every command that speaks with a bucket, where all is well, and where the server says no in many ways."""
        work = self.project("everyday")
        self.ground.write(work / "a.bin", self.ground.bytes(3000))
        self.ground.commit(work, "Data")
        for words in self.COMMANDS:
            result = self.run(["git", *words], work, self.keys())
            # The server knows no uploads in parts.
            self.ground.expect(result.returncode == 0 or "check" in words, result.said)
        self.run(["git", "data", "clone", "--verbose", self.ground.folder / "everyday.git", "copy"], self.ground.folder, self.keys())
        self.run(["git", "data", "remote", "trust", "storage"], self.ground.folder / "copy", self.keys())
        self.ground.expect_done(self.run(["git", "data", "pull", "--verbose"], self.ground.folder / "copy", self.keys()))
        self.ground.write(work / "b.bin", self.ground.bytes(3000))
        self.ground.commit(work, "More")
        manners = ["deny", "signature", "odd", "html", "bearer", "broken", f"away/{self.other.port}/store"]
        for manner in manners if self.ground.is_long else [manners[0], manners[2], manners[6]]:
            self.point(work, manner)
            for words in self.COMMANDS if self.ground.is_long else [self.COMMANDS[index] for index in (3, 6, 8, 12)]:
                self.run(["git", *words], work, self.keys())
        self.point(work, "store", 1)
        for words in [("push", "origin", "main"), ("data", "doctor")]:
            self.run(["git", *words], work, self.keys())
        # What goes elsewhere goes without the credentials.
        log = self.ground.folder / "other.log"
        for line in log.read_text().splitlines() if log.exists() else []:
            self.search.look(line.encode(), "a request to another server", None)
        self.look_around()

    def proxies(self):
        work = self.project("proxies")
        self.ground.write(work / "a.bin", self.ground.bytes(3000))
        self.ground.commit(work, "Data")
        good = f"http://ada:{self.canaries.proxy}@127.0.0.1:{self.server.port}"
        bad = [
            f"http://ada:{self.canaries.proxy}@127.0.0.1:1", f"http://ada:{self.canaries.proxy}@no.such.host.invalid:1",
            f"ftp://ada:{self.canaries.proxy}@127.0.0.1:9", f"http://ada:{self.canaries.proxy}@127.0.0.1:port",
            f"http://ada:{self.canaries.proxy}@[::1:80", f"socks5://ada:{self.canaries.proxy}@127.0.0.1:1",
            f"ada:{self.canaries.proxy}@127.0.0.1:1", f"http://ada:{self.canaries.proxy}",
        ]
        for proxy in [good, *(bad if self.ground.is_long else bad[::3])]:
            variables = {"http_proxy": proxy, "https_proxy": proxy, "HTTPS_PROXY": proxy}
            result = self.run(["git", "data", "push", "--all", "--verbose"], work, self.keys() | variables)
            self.ground.expect((result.returncode == 0) == (proxy == good), result.said)
            self.run(["git", "data", "import", self.endpoint("page/x"), f"page{self.ground.runs}.bin"], work, variables)
        (self.www.parent / "www.strict").touch()
        variables = {"http_proxy": good}
        for words in [("data", "pull"), ("data", "fsck", "--remote"), ("data", "remote", "check"), ("data", "doctor"), ("data", "import", self.endpoint("page/y"), "y.bin")]:
            self.run(["git", *words], work, self.keys() | variables)
        variables = {"https_proxy": good}
        self.ground.git(work, "config", "data.storage.url", "s3://lab/x?endpoint=https://127.0.0.1:9")
        self.run(["git", "data", "fsck", "--remote", "--verbose"], work, self.keys() | variables)
        (self.www.parent / "www.strict").unlink()
        self.look_around()

    def sources(self):
        """Imports from places that want a password or a signature."""
        work = self.project("sources")
        page = f"127.0.0.1:{self.server.port}"
        urls = [
            f"http://ada:{self.canaries.password}@{page}/page/a.bin",
            f"http://{page}/page/b.bin?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA&X-Amz-Signature={self.canaries.signature}&X-Amz-Security-Token={self.canaries.session}",
            f"http://{page}/page/c.bin?sig={self.canaries.query}&se=2026", f"http://{page}/page/d.bin?token={self.canaries.query}#{self.canaries.query}",
        ]
        for number, url in enumerate(urls):
            name = f"{number}.bin"
            self.ground.expect_done(self.run(["git", "data", "import", "--verbose", url, name], work))
            self.run(["git", "data", "import", "--verbose", "--json", url, name], work)
            self.run(["git", "data", "import", "--update", "--check", name], work)
            self.run(["git", "data", "import", "--update", "--url", url, name], work)
        for manner in ("deny", "odd", "html", f"away/{self.other.port}/deny"):
            for url in urls[:4 if self.ground.is_long else 2]:
                failing = url.replace("/page/", f"/{manner}/")
                self.ground.expect_refused(self.run(["git", "data", "import", "--verbose", failing, f"x{self.ground.runs}.bin"], work))
        for url in [f"http://ada:{self.canaries.password}@127.0.0.1:1/x", f"ftp://ada:{self.canaries.password}@h/x",
                    f"s3://ada:{self.canaries.password}@lab/x", f"http://ada:{self.canaries.password}@no.such.invalid/x", f"s3://lab/x?token={self.canaries.query}"]:
            self.ground.expect_refused(self.run(["git", "data", "import", url, "never.bin"], work))
        for words in [("status",), ("log",), ("lineage",), ("lineage", "--format", "json"), ("lineage", "--format", "prov"), ("lineage", "--format", "openlineage"), ("report", "--output", "report.html"), ("doctor",)]:
            self.run(["git", "data", *words], work)
        self.ground.commit(work, "Imported")
        log = self.ground.folder / "other.log"
        self.search.look(b"\n".join(line.encode() for line in log.read_text().splitlines() if "Authorization" in line) if log.exists() else b"", "a request to another server")
        self.look_around()

    def git_remotes(self):
        """Git remotes whose URL has a password, which Git keeps in its configuration."""
        bare = self.www / "project.git"
        self.ground.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", bare])
        self.ground.git(bare, "config", "http.receivepack", "true")
        work = self.project("remotes")
        host = f"127.0.0.1:{self.server.port}"
        url = f"http://ada:{self.canaries.password}@{host}/git/project.git"
        self.ground.git(work, "remote", "set-url", "origin", url)
        self.ground.write(work / "a.bin", self.ground.bytes(3000))
        self.ground.commit(work, "Data")
        self.ground.expect_done(self.run(["git", "push", "origin", "main", "HEAD:refs/heads/side"], work, self.keys()))
        self.run(["git", "data", "clone", url, "cloned"], self.ground.folder, self.keys())
        known = [work / ".git/config", work / ".git/FETCH_HEAD", self.ground.folder / "cloned/.git"]
        for words in [("doctor",), ("doctor", "--json"), ("status",), ("remote", "list"), ("remote", "list", "--json"), ("pull",), ("environment", "show"), ("report", "--output", "report.html"),
                      ("bundle", "create", "../all.tar")]:
            self.run(["git", "data", *words], work, self.keys())
        # No data remote, and then servers that do not answer.
        for key in ("data.storage.url",):
            self.ground.git(work, "config", "--unset", key)
        self.ground.git(work, "rm", "-q", "--cached", ".gitdata")
        (work / ".gitdata").unlink()
        for changed in (url, url.replace("/git/", "/deny/"), f"http://ada:{self.canaries.password}@127.0.0.1:1/x.git", f"https://ada:{self.canaries.password}@no.such.invalid/x.git"):
            self.ground.git(work, "remote", "set-url", "origin", changed)
            for words in [("data", "push"), ("data", "doctor"), ("data", "doctor", "--json"), ("data", "fetch"), ("data", "remote", "check")]:
                self.run(["git", *words], work)
            self.run(["git", "data", "clone", "--revision", "main", changed, f"never{self.ground.runs}"], self.ground.folder)
            self.run(["git", "data", "import", "--from", changed, "a.bin", f"b{self.ground.runs}.bin"], work)
        # Passwords where none can be: never written to what is committed, never said.
        for words in [("add", "one", f"s3://AKIA:{self.canaries.password}@lab/x"), ("add", "two", "s3://lab/x", "--endpoint", f"http://ada:{self.canaries.password}@{host}"),
                      ("add", "three", f"s3://lab/x?endpoint=http://ada:{self.canaries.password}@{host}"), ("add", "four", f"https://ada:{self.canaries.password}@{host}/x"),
                      ("add", "five", f"s3://lab/x?token={self.canaries.query}"), ("set-url", "storage", f"s3://AKIA:{self.canaries.password}@lab/x")]:
            self.ground.expect_refused(self.run(["git", "data", "remote", *words], work))
        for number, place in enumerate([f"data::s3://AKIA:{self.canaries.password}@lab/x", f"data::s3://lab/x?endpoint=http://ada:{self.canaries.password}@{host}/deny"]):
            self.ground.git(work, "remote", "add", f"helper{number}", place)
            for words in [("fetch", f"helper{number}"), ("push", f"helper{number}", "main"), ("data", "remote", "log", f"helper{number}"), ("data", "remote", "list"), ("data", "doctor")]:
                self.run(["git", *words], work, self.keys())
        self.look_around(*known, self.www, self.ground.folder / "never")

    def history(self):
        """A repository in a bucket: the remote helper, with success and with failure."""
        work = self.ground.project("history")
        place = f"data::s3://lab/history?endpoint={self.endpoint('store')}"
        self.ground.git(work, "remote", "set-url", "origin", place)
        self.ground.write(work / "a.bin", self.ground.bytes(3000))
        self.ground.commit(work, "Data")
        for words in [("push", "origin", "main"), ("fetch", "origin"), ("ls-remote", "origin"), ("data", "remote", "log"), ("data", "remote", "gc"), ("data", "doctor"), ("data", "clone", place, "../history-copy")]:
            self.ground.expect_done(self.run(["git", *words], work, self.keys()))
        for manner in ("deny", "odd", "html", f"away/{self.other.port}/deny"):
            self.ground.git(work, "remote", "set-url", "origin", f"data::s3://lab/history?endpoint={self.endpoint(manner)}")
            for words in [("push", "origin", "main:refs/heads/b"), ("fetch", "origin"), ("data", "remote", "log")]:
                self.ground.expect(self.run(["git", *words], work, self.keys()).returncode != 0, f"{words} went through")
        self.look_around()

    def credential_places(self):
        """Where credentials come from: files, programs, tokens, services; good, bad and malformed."""
        work = self.project("places")
        self.ground.write(work / "a.bin", self.ground.bytes(3000))
        self.ground.commit(work, "Data")
        aws = self.home / ".aws"
        hidden = self.ground.folder / "hidden"
        sts, c = self.endpoint("deny"), self.canaries
        good = json.dumps({"Version": 1, "AccessKeyId": c.key_id, "SecretAccessKey": c.printed, "SessionToken": c.session})
        self.ground.write(hidden / "token", c.identity)
        for name, text in {
            "good": f"echo '{good}'", "garbage": f"echo 'secret {c.printed}'", "failing": f"echo '{good}'; exit 3",
            "wrong": f"echo '{good[:-4]}'", "expiry": f"echo '{good[:-1]}, \"Expiration\": \"{c.printed}\"}}'",
        }.items():
            self.ground.write(hidden / name, f"#!/bin/sh\n{text}\n")
            (hidden / name).chmod(0o700)
        section = f"[default]\naws_access_key_id = {c.key_id}\naws_secret_access_key = {c.secret}\n"
        cases = [({"credentials": section + f"aws_session_token = {c.session}\n"}, {}, True)]
        cases += [({"config": f"[default]\ncredential_process = {hidden / name}\n"}, {}, name == "good") for name in ("good", "garbage", "failing", "wrong", "expiry", "missing")]
        cases.append(({"credentials": f"[default]\naws_secret_access_key = {c.broken}\n"}, {}, None))
        cases += [({"credentials": text}, {}, False) for text in (
            f"[default]\naws_access_key_id = {c.key_id}\naws_secret_access_key {c.broken}\n", f"[default\n{section}{c.broken}\n",
            f"{c.broken}\n", f"[default]\n  {c.broken}\n = {c.broken}\n")]
        token = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(hidden / "token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}
        for manner in ("deny", "odd", "html", "broken"):
            cases.append(({}, token | {"AWS_ENDPOINT_URL_STS": self.endpoint(manner)}, False))
        cases.append(({"credentials": section.replace("default", "base"), "config": "[profile default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n"}, {"AWS_ENDPOINT_URL_STS": sts}, False))
        cases.append(({}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.endpoint("deny"), "AWS_CONTAINER_AUTHORIZATION_TOKEN": c.container}, False))
        cases.append(({}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://ada:{c.password}@example.org/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": c.container + "\n"}, False))
        cases.append(({}, {"AWS_SECRET_ACCESS_KEY": c.secret, "AWS_ACCESS_KEY_ID": c.secret[:9] + "\r\nX: y"}, False))
        cases.append(({}, {"AWS_SECRET_ACCESS_KEY": c.secret, "AWS_ACCESS_KEY_ID": c.key_id, "AWS_SESSION_TOKEN": c.session + "\r\nX: y"}, False))
        cases.append(({}, self.keys() | {"AWS_ENDPOINT_URL_S3": f"http://ada:{c.password}@127.0.0.1:9"}, None))
        cases.append(({"config": "[default]\nsso_session = lab\nsso_role_name = r\nsso_account_id = 1\n[sso-session lab]\nsso_region = xx-none-1\nsso_start_url = https://lab.invalid/start\n"}, {}, False))
        for files, variables, is_good in cases:
            shutil.rmtree(aws, ignore_errors=True)
            for name, text in files.items():
                self.ground.write(aws / name, text)
            sign_in = "9d5f0db2bbb3e6d3a6ea8c9aa0c4b4b5e3c1e3b4"
            self.ground.write(aws / "sso/cache" / f"{sign_in}.json", json.dumps({"accessToken": c.sign_in, "expiresAt": "2099-01-01T00:00:00Z"}))
            self.ground.write(aws / "sso/cache" / f"{hashlib.sha1(b'lab').hexdigest()}.json", json.dumps({"accessToken": c.sign_in, "expiresAt": "2099-01-01T00:00:00Z"}))
            for words in [("data", "push", "--all", "--verbose"), ("data", "remote", "check"), ("data", "doctor", "--json")][: 3 if self.ground.is_long else 1]:
                result = self.run(["git", *words], work, {"AWS_EC2_METADATA_DISABLED": "true"} | variables)
                if is_good is not None and "push" in words:
                    self.ground.expect((result.returncode == 0) == is_good, f"{files} {variables}: {result.said}")
        shutil.rmtree(aws, ignore_errors=True)
        self.look_around()

    def stages(self):
        """Records of runs and of environments, pages and lineage, with secrets in the environment."""
        work = self.project("stages")
        self.ground.write(work / "make.sh", "seq 1 1000 > made.bin\n")
        c = self.canaries
        variables = self.keys() | {
            "https_proxy": f"http://ada:{c.proxy}@127.0.0.1:1", "API_TOKEN": c.query, "DATABASE_URL": f"postgres://ada:{c.password}@db/x",
            "PYTHONPATH": f"/srv:https://ada:{c.password}@h/x", "OMP_NUM_THREADS": "2", "MKL_SECRET_KEY": c.query,
            "LANG": f"https://ada:{c.password}@h",
        }
        self.ground.git(work, "config", "--add", "data.environmentVariables", "DATABASE_URL")
        self.ground.git(work, "config", "--add", "data.environmentVariables", "AWS_SECRET_ACCESS_KEY")
        self.ground.git(work, "config", "--add", "data.environmentVariables", "https_proxy")
        for words in [("run", "-i", "make.sh", "-o", "made.bin", "--", "sh", "make.sh"), ("repro", "--force"), ("run", "--auto", "--name", "auto", "sh", "make.sh"),
                      ("repro", "--force", "--json"), ("verify-repro",), ("environment", "show"), ("environment", "show", "--json"), ("report", "--output", "report.html"), ("lineage", "made.bin"), ("metrics",), ("ci", "init", "--provider", "github", "--source", f"https://ada:{c.password}@h/x.git")]:
            self.run(["git", "data", *words], work, variables)
        self.ground.commit(work, "Stage")
        self.look_around()

    CASES = ["everyday", "proxies", "sources", "git_remotes", "history", "credential_places", "stages"]


def run(ground, names=None):
    with Secrets(ground) as secrets:
        failures = []
        for name in names or Secrets.CASES:
            try:
                getattr(secrets, name)()
            except Failure as failure:
                failures.append(f"{name}: {failure}")
                secrets.search.found.clear()
    found = len(failures)
    if found:
        raise Failure("\n".join(failures))
    ground.summary = f"secrets: {ground.runs} runs, {secrets.search.places} places searched, {found} found"
