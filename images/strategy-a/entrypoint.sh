#!/bin/sh
# Starts the one verb with an environment of its own making. duplicity and swiftclient read dozens of variables (ST_*, OS_*, SWIFT_*, PASSPHRASE,
# proxies, GNUPGHOME …), and with a stray one among them deletes do nothing and exit 0: so none of the caller's gets through.
set -eu
umask 077
exec env -i \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  PYTHONPATH=/opt/haven PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
  HOME=/tmp TMPDIR=/tmp LC_ALL=C.UTF-8 TZ=UTC \
  python3 -s -m haven_a "$@"
