#!/bin/sh
# Fetches the Linux kernel that the QEMU tests boot, and says what it does.
#
#   .guest/vmlinuz        Debian's cloud kernel for amd64
#   .guest/modules/*.ko   what it needs for a virtio network card, named 1-virtio_ring.ko ... in loading order
#   .guest/kernel         the name of the package they came from
#
# The package is unpacked, never installed. Nothing is done when the kernel is there; delete .guest to get a newer one.
# Needs apt-get (with fresh lists) and dpkg-deb, but no root.
set -eu

guest=$(cd "$(dirname "$0")/.." && pwd)/.guest
metapackage=linux-image-cloud-amd64
modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net"

if [ -s "$guest/kernel" ]; then
  echo "guest kernel: $(cat "$guest/kernel") is in $guest"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb; do
  command -v $tool >/dev/null || { echo "guest kernel: $tool is missing; this script needs a Debian or Ubuntu" >&2; exit 1; }
done

package=$(apt-cache depends $metapackage | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
if [ -z "$package" ]; then
  echo "guest kernel: apt knows no $metapackage; run apt-get update first (Debian 12 or later has it)" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "guest kernel: fetching $package"
(cd "$work" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$package")
dpkg-deb -x "$work"/*.deb "$work/root"

rm -rf "$guest/modules"
mkdir -p "$guest/modules"
cp "$work"/root/boot/vmlinuz-* "$guest/vmlinuz"
order=0
for module in $modules; do
  order=$((order + 1))
  found=$(find "$work/root" -name "$module.ko")
  [ -n "$found" ] || { echo "guest kernel: $package has no module $module" >&2; exit 1; }
  cp "$found" "$guest/modules/$order-$module.ko"
done

# Last, so that a run that was cut short is done again.
basename "$work"/*.deb .deb > "$guest/kernel"
echo "guest kernel: $(cat "$guest/kernel") is in $guest"
