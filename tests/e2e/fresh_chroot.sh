#!/usr/bin/env bash
# The proof that two commands are enough: a bare Debian 12 in a chroot, a clone of HEAD in it, and nothing else.
# Needs root and mmdebstrap; a campaign run by hand, its result goes to docs/evidence/. usage: fresh_chroot.sh [demo|test|both]
# Certificates of the host (a company's own CA, say) are copied in, since package servers may need them.
set -euo pipefail
what=${1:-both}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$(mktemp -d /tmp/roadchief-chroot-XXXXXX)
cleanup() {
    umount -l "$root/proc" "$root/dev/shm" "$root/dev/pts" "$root/dev" 2>/dev/null || true
    [[ "$root" == /tmp/roadchief-chroot-* ]] && rm -rf --one-file-system "$root"
}
trap cleanup EXIT

echo "==> a bare Debian 12"
mmdebstrap --variant=minbase --include=ca-certificates bookworm "$root" >/dev/null 2>&1
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir -p "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/"
cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
chroot "$root" update-ca-certificates >/dev/null 2>&1
git clone -q "$here" "$root/root/roadchief"
if [ -d "$here/../shared/data" ]; then
    mkdir -p "$root/root/shared"
    cp -r "$here/../shared/data" "$root/root/shared/"
fi
inside() { chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt bash -c "cd /root/roadchief && $1"; }

if [ "$what" != test ]; then
    began=$SECONDS
    inside "./roadchief demo --check"
    echo "==> demo, from bare to checked: $((SECONDS - began)) s"
fi
if [ "$what" != demo ]; then
    began=$SECONDS
    inside "./roadchief test"
    echo "==> test: $((SECONDS - began)) s"
fi
