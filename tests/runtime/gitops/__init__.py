"""Tests of the scripts that work on the GitOps repository."""
