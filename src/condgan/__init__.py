"""GANs that obey: image generators steered by a class, a set of labels, several attributes or codes."""

__version__ = "0.1.0"
