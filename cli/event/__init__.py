"""`parley event`: payloads for `sam local invoke`, freshly made and signed."""
