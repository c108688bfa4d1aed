#!/bin/bash
# Recorded the streams that make.ts backs up: on real ZFS, a pool and a small tree of its own, gone afterwards. For b/v1 in the lab, with OpenZFS 2.3.9:
#   test/lab/ssh 'bash -s' < test/golden/b/record-streams.sh > streams.tar
set -eu
pool=haven-golden-$$ image=/var/lib/haven/golden-$$.img at=/run/golden-$$ out=/tmp/golden-$$
truncate -s 256M "$image"
zpool create -O mountpoint=none -O compression=off "$pool" "$image"
trap 'zpool destroy -f "$pool"; rm -rf "$image" "$at" "$out"' EXIT
zfs create -o mountpoint="$at" -o xattr=sa -o acltype=posixacl -o recordsize=16K "$pool/data"
cd "$at"
mkdir -p 'a folder' deep/er
printf 'The first line.\n' > 'a folder/with spaces, ünd ümlauts.txt'
head -c 60000 /dev/urandom > random.bin
head -c 30000 /dev/zero > zeros.bin
truncate -s 1M sparse.bin
printf end | dd of=sparse.bin bs=1 seek=500000 conv=notrunc 2> /dev/null
ln random.bin 'deep/hard link'
ln -s '../a folder' deep/er/link
mkfifo deep/fifo
chmod 4750 'a folder/with spaces, ünd ümlauts.txt'
chown 1234:5678 random.bin
touch -d '1999-12-31 23:59:59.123456789' random.bin
zfs snapshot "$pool/data@haven-1"
printf 'A second line.\n' >> 'a folder/with spaces, ünd ümlauts.txt'
rm zeros.bin
head -c 20000 /dev/urandom > new.bin
zfs snapshot "$pool/data@haven-2"
mkdir "$out"
cd "$out"
zfs send -L -e -c "$pool/data@haven-1" > full.zfs
zfs send -L -e -c -i @haven-1 "$pool/data@haven-2" > incremental.zfs
zfs get -H -p -o name,value guid "$pool/data@haven-1" "$pool/data@haven-2" | sed 's/.*@//' > guids
tar -c .
