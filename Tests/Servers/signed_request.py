"""Signed S3 requests, by nothing but the standard library.

Spec: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header"."""

import datetime
import hashlib
import hmac
import urllib.error
import urllib.parse
import urllib.request


def send(endpoint, method, path, access_key, secret_key, region):
    """Gives the status of the answer to a request without a body; 0 where there is no answer.

    `path` is encoded, without a query."""
    return exchange(endpoint, method, path, access_key, secret_key, region)[0]


def exchange(endpoint, method, path, access_key, secret_key, region, query=None, body=None):
    """Gives the answer's status and its body; 0 and nothing where there is no answer.

    `path` is encoded, without a query; `query` has names and values as they are."""
    fields = "&".join(sorted(f"{urllib.parse.quote(name, safe='')}={urllib.parse.quote(value, safe='')}" for name, value in (query or {}).items()))
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(body or b"").hexdigest()
    headers = {"host": endpoint.split("//")[1], "x-amz-content-sha256": digest, "x-amz-date": time}
    names = ";".join(headers)
    canonical = "\n".join([method, path, fields, *(f"{name}:{value}" for name, value in headers.items()), "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret_key).encode()
    for word in [*scope.split("/"), text]:
        key = hmac.digest(key, word.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={key.hex()}")
    request = urllib.request.Request(endpoint + path + (f"?{fields}" if fields else ""), method=method, headers=headers, data=body)
    # No proxy of the environment's stands before a server on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=180) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()
    except OSError:
        return 0, b""
