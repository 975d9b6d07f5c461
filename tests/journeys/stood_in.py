"""
`python stood_in.py PORT WORD...` runs `pulse-mailer WORD...` with one thing changed: where the names *.example lead.

Nobody can own a name that ends in .example (RFC 2606). Here the machine's resolver finds an address for each, and
what is connected to that address's port 443 goes to PORT on this machine. All that follows is as always: the judging
of the address, TLS with the server's name, HTTP.
"""

import socket
import sys
from typing import Any

ADDRESS = "127.77.0.1"

_find, _connect = socket.getaddrinfo, socket.create_connection


def find(host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
    return _find(ADDRESS if str(host).endswith(".example") else host, port, *arguments, **named)


def connect(address: Any, *arguments: Any, **named: Any) -> Any:
    there = ("127.0.0.1", PORT) if address == (ADDRESS, 443) else address
    return _connect(there, *arguments, **named)


if __name__ == "__main__":
    PORT = int(sys.argv.pop(1))
    socket.getaddrinfo, socket.create_connection = find, connect
    from pulse_mailer.cli import main

    main()
