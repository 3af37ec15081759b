"""How callbacks are signed and calls are verified: one module per scheme, and `callback` that says which apply.

One secret keys all schemes of a webhook, so no message of one scheme may parse as another's:

| scheme | what is signed | MAC |
| --- | --- | --- |
| Standard Webhooks | `DL<hex>.<digits>.<body>` | SHA-256 |
| Chatwoot | `<digits>.<body>`, only where the body begins with `{` | SHA-256 |
| JWT | `eyJ….<base64url>`, exactly one dot | SHA-256 |
| Twilio | `http…` | SHA-1 |

- A Standard Webhooks message begins with `DL`: not a Chatwoot timestamp, and three parts are not a JWT's two.
- A Chatwoot message read as a Standard Webhooks one would need digits and a dot after its first dot: `{` is neither.
- A JWT's first part begins with `eyJ` and the rest has no dot: neither of the others.
`tests/unit/signing/test_schemes_apart.py` holds this.
"""
