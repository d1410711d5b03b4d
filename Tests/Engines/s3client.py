#!/usr/bin/python3
"""A small S3 client, for what tests ask an engine behind the service's back: buckets, objects, unfinished uploads.

As a program: `s3client.py make BUCKET`, `s3client.py list BUCKET` (JSON: the objects' keys, and the keys and ids of unfinished uploads),
`s3client.py put BUCKET KEY FILE`, `s3client.py get BUCKET KEY`. S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY say where, and who.
"""
import datetime, hashlib, hmac, http.client, json, os, pathlib, sys, urllib.parse
import xml.etree.ElementTree as Tree


class Client:
    def __init__(self, endpoint, access, secret, region="us-east-1", seconds=30):
        self.place, self.access, self.secret, self.region, self.seconds = urllib.parse.urlsplit(endpoint), access, secret, region, seconds

    def send(self, method, path, query="", body=b"", headers={}):
        """Sends a signed request; returns the status and the body. Source: AWS, Signature Version 4."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        signed = {"host": self.place.netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(sorted(signed))
        path = urllib.parse.quote(path)
        query = "&".join(f"{urllib.parse.quote(name, safe='')}={urllib.parse.quote(value, safe='')}"
                         for name, value in sorted(urllib.parse.parse_qsl(query, keep_blank_values=True)))
        request = "\n".join([method, path, query, *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, digest])
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        authorization = f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={names}, Signature={signature}"
        connection = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=self.seconds)
        try:
            connection.request(method, path + (f"?{query}" if query else ""), body, {**headers, **signed, "Authorization": authorization})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def status(self, method, path, **more):
        return self.send(method, path, **more)[0]

    def document(self, path, query):
        status, body = self.send("GET", path, query)
        if status != 200:
            sys.exit(f"GET {path}?{query}: {status} {body.decode(errors='replace')}")
        return Tree.fromstring(body)

    def list(self, bucket):
        """What a bucket holds; at most 1,000 of each."""
        objects = self.document(f"/{bucket}", "list-type=2")
        uploads = self.document(f"/{bucket}", "uploads=")
        return {"objects": texts(objects, "Contents", "Key"),
                "uploads": [f"{key} {upload}" for key, upload in zip(texts(uploads, "Upload", "Key"), texts(uploads, "Upload", "UploadId"))]}


def texts(tree, element, name):
    """The text of a child of each element with a name, in whatever namespace."""
    return [child.text for found in tree.iter() if found.tag.endswith(element) and found.tag.rpartition("}")[2] == element
            for child in found if child.tag.rpartition("}")[2] == name]


def main(command, bucket, *more):
    client = Client(os.environ["S3_ENDPOINT"], os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"])
    if command == "list":
        print(json.dumps(client.list(bucket)))
        return
    method, path, body = {
        "make": lambda: ("PUT", f"/{bucket}", b""),
        "put": lambda: ("PUT", f"/{bucket}/{more[0]}", pathlib.Path(more[1]).read_bytes()),
        "get": lambda: ("GET", f"/{bucket}/{more[0]}", b""),
    }[command]()
    status, said = client.send(method, path, body=body)
    if status // 100 != 2:
        sys.exit(f"{method} {path}: {status} {said.decode(errors='replace')}")
    sys.stdout.buffer.write(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
