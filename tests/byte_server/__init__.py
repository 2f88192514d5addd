"""An HTTP server made of bytes: it lies, dawdles and breaks off as a test asks, which no HTTP library would do."""

from .server import ByteServer, Connection, Request, serve_next
from .tls import TlsWire

__all__ = ["ByteServer", "Connection", "Request", "TlsWire", "serve_next"]
