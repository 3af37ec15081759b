"""`parley up`: the whole bundle on one machine, read from template.yaml.

    supervisor (run)   no handler code; ports, ready file, restarts, clean stop
    ├── engine         moto's DynamoDB and SQS behind one lock (absent when another engine is named)
    ├── gateway        HTTP → payload 2.0; authorizer call and cache; limits and bodies of the real one
    ├── pump           one per event source mapping: receive → batch → invoke → delete all but the failures
    ├── clock          schedules, and what a table's TTL removes
    └── worker ×N      one Lambda environment each, a child of whoever invokes it; one event at a time

Not emulated: IAM, index lag, throttling, the account's concurrency, cold hosts, real DNS.
"""
