"""The bucket of the hour of load, looked at past git data: what lies there, by requests of our own."""

import hashlib
import pathlib
import re
import sys
import time
import urllib.parse
import xml.etree.ElementTree

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "Servers"))
import signed_request  # noqa: E402

BLOB = re.compile(r"objects/[0-9a-f]{2}/[0-9a-f]{2}/([0-9a-f]{64})$")
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Bucket:
    """One prefix of a bucket of the server whose variables these are."""

    def __init__(self, variables, prefix):
        self.endpoint, self.name, self.prefix = variables["S3_ENDPOINT"], variables["S3_BUCKET"], prefix
        self.keys = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_REGION"]
        self.url = f"s3://{self.name}/{prefix}"

    def request(self, method, path, query=None):
        # A busy machine may answer late.
        for attempt in range(8):
            status, body = signed_request.exchange(self.endpoint, method, f"/{self.name}{path}", *self.keys, query=query)
            if status not in (0, 500, 503):
                break
            time.sleep(attempt)
        return status, body

    def blobs(self):
        """The size of each blob that is there, by its oid."""
        found, token = {}, None
        while True:
            query = {"list-type": "2", "prefix": f"{self.prefix}/objects/", "max-keys": "1000"}
            if token:
                query["continuation-token"] = token
            status, body = self.request("GET", "/", query)
            if status != 200:
                raise OSError(f"the bucket cannot be listed: {status}")
            page = xml.etree.ElementTree.fromstring(body)
            for entry in page.iter(NAMESPACE + "Contents"):
                match = BLOB.search(entry.findtext(NAMESPACE + "Key"))
                if match:
                    found[match.group(1)] = int(entry.findtext(NAMESPACE + "Size"))
            token = page.findtext(NAMESPACE + "NextContinuationToken")
            if page.findtext(NAMESPACE + "IsTruncated") != "true" or not token:
                return found

    def is_intact(self, oid):
        """Whether the blob is there and has the bytes that its name says."""
        status, body = self.request("GET", f"/{urllib.parse.quote(self.prefix)}/objects/{oid[:2]}/{oid[2:4]}/{oid}")
        return status == 200 and hashlib.sha256(body).hexdigest() == oid
