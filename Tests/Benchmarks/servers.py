"""An S3 server for benchmarks."""

import os
import pathlib
import subprocess

from laboratory import ROOT, Failure


class Server:
    """An S3 server of its own on this machine. Its data goes with it."""

    def __init__(self, kind):
        command = [ROOT / "Tests" / "Servers" / "s3", "--server", kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.variables = {}
        while line := self.process.stdout.readline().rstrip("\n"):
            name, _, value = line.partition("=")
            self.variables[name] = value
        if "S3_BUCKET" not in self.variables:
            raise Failure("the S3 server does not start")
        self.bucket = self.variables["S3_BUCKET"]
        self.port = int(self.variables["AWS_ENDPOINT_URL"].rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def processor_seconds(self):
        """What it and its descendants have used so far. Spec: proc(5), stat."""
        parents, used = {}, {}
        for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = file.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            process = int(file.parent.name)
            parents[process], used[process] = int(fields[1]), int(fields[11]) + int(fields[12])
        family = {self.process.pid}
        while grown := {process for process, parent in parents.items() if parent in family} - family:
            family |= grown
        return sum(used.get(process, 0) for process in family) / os.sysconf("SC_CLK_TCK")
