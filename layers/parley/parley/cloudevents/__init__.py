"""The `cloudevents` format: what happened in one vocabulary, whatever the platform.

`fields` knows the objects of `data`; `mapping` how a platform's table says where their values come from (each table is
its platform's `common.py`); `payload` what came; `envelope` makes the CloudEvent of an event; `schemas` has the JSON
Schemas that are served. The dispatcher imports nothing of it before a webhook has this format.
"""
