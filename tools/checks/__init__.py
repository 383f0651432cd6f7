"""Runs programs that were written elsewhere over what mlp emits."""
