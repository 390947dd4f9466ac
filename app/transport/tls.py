"""Certificates: checked against the store of the operating system, so that an institution's own work."""

import functools
import ssl

import truststore


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The one TLS context of the program; making it is slow, so it is kept."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
