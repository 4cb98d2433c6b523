"""What deliveries go to, on loopback: a mail server and a web service that do as the test says, and remember."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a sender needs. Replaceable: what it answers to a recipient, and to a whole mail."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.mails: list[EmailMessage] = []
        self.connections = 0
        self.greet: Callable[[], None] = lambda: None
        self.answer_to: Callable[[str], str] = lambda recipient: "250 ok"
        self.answer_mail: Callable[[EmailMessage], str] = lambda mail: "250 taken"
        super().__init__(("127.0.0.1", port), _Session)
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"smtp+plain://127.0.0.1:{self.port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are part of these tests."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.server.connections += 1
        self.server.greet()
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self.say("354 go on")
                self.say(self.take())
            elif verb == "RCPT":
                self.say(self.server.answer_to(line.partition("<")[2].partition(">")[0]))
            elif verb == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")

    def take(self) -> str:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=SMTP)
        self.server.mails.append(mail)
        return self.server.answer_mail(mail)

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class Request(NamedTuple):
    """What a web service was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


#: Status, headers, body.
Answer = tuple[int, dict[str, str], bytes]


class WebService(ThreadingHTTPServer):
    """Answers as the test says."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda request: (200, {}, b"{}")
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are part of these tests."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: WebService

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Request(self.command, self.path, dict(self.headers), body)
        self.server.requests.append(asked)
        status, headers, text = self.server.answer(asked)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: Any) -> None:
        pass
