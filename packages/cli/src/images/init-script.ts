/**
 * What the guest's first process does: a script for BusyBox's shell. It mounts what programs expect, loads the drivers of the virtio devices
 * that are there, then runs what `trapline.run=` on the kernel's command line says, or a shell on the console, and switches the
 * machine off. Cold.
 */

/** The applets that the script and its shell are likely to be asked for are linked by BusyBox itself, at /bin and /sbin. */
export const INIT_SCRIPT: string = `#!/bin/busybox sh
# Made by \`trapline images fetch\`. Kernel command line: trapline.run="a command" in the place of a shell; its status is printed.
/bin/busybox mkdir -p /proc /sys /dev /tmp /root /mnt /run /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM="\${TERM:-vt100}" PS1='\\w \\$ '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
hostname trapline
ip link set lo up

# First what finds devices, then a driver for each that was found.
for transport in virtio_mmio virtio_pci; do modprobe -q "$transport"; done
for alias in /sys/bus/virtio/devices/*/modalias; do
  [ -e "$alias" ] && modprobe -q "$(cat "$alias")"
done

run=$(sed -n 's/.*trapline\\.run="\\([^"]*\\)".*/\\1/p; t; s/.*trapline\\.run=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
cd /root
if [ -n "$run" ]; then
  sh -c "$run"
  echo "trapline.run: exit status $?"
else
  # A session of its own, so that Ctrl-C works on the console.
  setsid cttyhack sh
fi
poweroff -f
`;
