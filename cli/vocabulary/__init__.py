"""The common vocabulary's page and JSON Schemas, made from the tables that the dispatcher renders by.

`make vocabulary` writes docs/vocabulary.md and the schemas that the layer ships; a test compares them. No function
imports any of this.
"""
