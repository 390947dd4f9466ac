"""One httpx client factory with timeouts, retry, rate limits and redaction; uploads, downloads, probes.

May import domain only.
"""
