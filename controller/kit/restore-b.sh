#!/bin/sh
# Placeholder: the drill branch brings the real program.
echo "this is a placeholder" >&2
exit 1
