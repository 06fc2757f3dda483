"""Faust, made strict: nothing is skipped, nothing is committed that was not done."""
