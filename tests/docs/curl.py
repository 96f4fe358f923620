"""A small curl for machines without one.

Run as a file. An option that it does not know ends it with an error, as curl's own would.
"""

import argparse
import sys
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit


def main(arguments: list[str]) -> None:
    """Ask what the arguments say, and print the answer."""
    options = _options(arguments)
    parts = urlsplit(options.url)
    path, body = parts.path, options.data
    if options.get:
        path += "?" + "&".join(_encoded(each) for each in options.data_urlencode)
    headers = {name: value.strip() for name, _, value in (each.partition(":") for each in options.header)}
    connection = HTTPConnection(parts.netloc, timeout=10)
    connection.request(options.request or ("GET" if body is None else "POST"), path, body, headers)
    answer = connection.getresponse()
    if options.include:
        sys.stdout.write(f"HTTP/1.1 {answer.status} {answer.reason}\r\n")
        sys.stdout.write("".join(f"{name}: {value}\r\n" for name, value in answer.getheaders()) + "\r\n")
    sys.stdout.write(answer.read().decode())


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("curl", allow_abbrev=False)
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-i", "--include", action="store_true")
    parser.add_argument("-G", "--get", action="store_true")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data")
    parser.add_argument("--data-urlencode", action="append", default=[])
    parser.add_argument("url")
    return parser.parse_args(arguments)


def _encoded(field: str) -> str:
    name, _, value = field.partition("=")
    return f"{name}={quote(value, safe='')}"


if __name__ == "__main__":
    main(sys.argv[1:])
