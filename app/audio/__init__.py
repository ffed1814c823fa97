"""Untrusted bytes in, mono 16 kHz float32 out."""
