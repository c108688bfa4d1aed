# QEMU 10, whatever the host's distribution: version 7.2 (Debian 12) panics or hangs in software emulation of this lab.
FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends qemu-system-x86 qemu-utils socat \
 && rm -rf /var/lib/apt/lists/*
