"""Signed S3 requests, by nothing but the standard library.

Spec: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header"."""

import datetime
import hashlib
import hmac
import urllib.error
import urllib.request


def send(endpoint, method, path, access_key, secret_key, region):
    """Gives the status of the answer to a request without a body; 0 where there is no answer.

    `path` is encoded, without a query."""
    return exchange(endpoint, method, path, access_key, secret_key, region)[0]


def exchange(endpoint, method, path, access_key, secret_key, region, query="", body=None):
    """Gives the answer's status and body; 0 where there is no answer.

    `path` is encoded, and so is `query`, whose parameters are in the order of their names, each with a `=`."""
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(body or b"").hexdigest()
    headers = {"host": endpoint.split("//")[1], "x-amz-content-sha256": digest, "x-amz-date": time}
    names = ";".join(headers)
    canonical = "\n".join([method, path, query, *(f"{name}:{value}" for name, value in headers.items()), "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret_key).encode()
    for word in [*scope.split("/"), text]:
        key = hmac.digest(key, word.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={key.hex()}")
    address = endpoint + path + (f"?{query}" if query else "")
    request = urllib.request.Request(address, method=method, headers=headers, data=body)
    # No proxy of the environment's stands before a server on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()
    except OSError:
        return 0, b""
