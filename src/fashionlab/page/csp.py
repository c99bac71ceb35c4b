"""The page's Content-Security-Policy: its own files alone, no inline script, no other address."""


def policy(*scripts: str) -> str:
    """Return the policy; `scripts` are allowed as sources of scripts besides the page's files."""
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *scripts)),
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


SERVICE = policy() + "; frame-ancestors 'none'"  # a header
BROWSER = policy("'wasm-unsafe-eval'")  # a meta element, which cannot name frame-ancestors
