#!/bin/sh
# Builds .guest/initramfs.gz, the whole userland of the test guest: static busybox, network modules, one init script.
#
# The guest asks for a lease on eth0 and then runs shell commands typed on its serial console (ttyS0), each in a shell
# of its own. What it says about itself begins with "guest: ":
#
#   guest: lease 10.0.2.15/24 router 10.0.2.1 server 10.0.2.3 dns 10.0.2.3   (or: guest: lease none)
#   guest: ready                                     commands are taken from here on
#   guest: exit 3 0                                  the third command ended with status 0
#
# "lifetime=SECONDS" on the kernel's command line switches the guest off after that time, so that a guest whose test
# died does not live on.
#
# Nothing is done when the archive is newer than all it is made of. Needs cpio, gzip and a static busybox, but no root.
set -eu

guest=$(cd "$(dirname "$0")/.." && pwd)/.guest
archive=$guest/initramfs.gz
busybox=$(command -v busybox) || { echo "guest initramfs: busybox is missing (Debian: busybox-static)" >&2; exit 1; }
command -v cpio >/dev/null || { echo "guest initramfs: cpio is missing (Debian: cpio)" >&2; exit 1; }
[ -s "$guest/kernel" ] || { echo "guest initramfs: no kernel in $guest; run tools/guest-kernel.sh first" >&2; exit 1; }

if [ -s "$archive" ] && [ -z "$(find "$0" "$busybox" "$guest/kernel" -newer "$archive")" ]; then
  echo "guest initramfs: $archive is up to date"
  exit 0
fi

if ldd "$busybox" >/dev/null 2>&1; then
  echo "guest initramfs: $busybox is not static and would not run in the guest (Debian: busybox-static)" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/modules" "$work/root/proc" "$work/root/sys" "$work/root/dev" "$work/root/etc"
cp "$busybox" "$work/root/bin/busybox"
cp "$guest"/modules/*.ko "$work/root/modules/"

cat > "$work/root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin HOME=/
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo -opost
echo # the firmware left the cursor in the middle of a line

lifetime=$(sed -n 's/.*\blifetime=\([0-9]*\).*/\1/p' /proc/cmdline)
if [ -n "$lifetime" ]; then (sleep "$lifetime"; poweroff -f) & fi

for module in /modules/*.ko; do insmod "$module"; done
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -s /bin/lease -n -R -t 8 -T 1 -p /dhcp.pid >/dev/null 2>&1 || echo "guest: lease none"
cat /etc/lease 2>/dev/null
echo "guest: ready"

number=0
while IFS= read -r command; do
  number=$((number + 1))
  sh -c "$command" </dev/null
  status=$?
  echo
  echo "guest: exit $number $status"
done
poweroff -f
INIT

cat > "$work/root/bin/lease" <<'LEASE'
#!/bin/busybox sh
# What udhcpc runs when a lease comes (bound), is extended (renew) or is gone (deconfig).
case $1 in
  deconfig)
    ip address flush dev "$interface"
    ip link set "$interface" up
    ;;
  bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    for first in $router; do ip route replace default via "$first"; break; done
    : > /etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
    echo "guest: lease $ip/$mask router ${router:-none} server ${serverid:-none} dns ${dns:-none}" > /etc/lease
    ;;
esac
LEASE

chmod 755 "$work/root/init" "$work/root/bin/lease"
(cd "$work/root" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0) | gzip -n > "$archive.new"
mv "$archive.new" "$archive"
echo "guest initramfs: built $archive ($(wc -c < "$archive") bytes)"
