"""The API: what a program may ask and do, over HTTP."""
