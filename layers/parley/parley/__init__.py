"""What Parley's functions share: payload models, proofs and signatures, keys and stores, pure delivery policy."""

__version__ = "0.1.0"
