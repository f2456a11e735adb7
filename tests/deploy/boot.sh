# Process 1 of a machine of its own: private mounts, then the machine's own systemd over stub units.
# It never sees the units of the host: those would clean /tmp and start a device manager.
# $1 empty folder, $2 checkout, $3 Python's prefix, $4 site-packages, $5 name of the interpreter
set -eu
mount --make-rprivate /
mount --make-rshared / # among ourselves: credentials are mounted in a namespace of their own
mount -t proc proc /proc
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir -p "$1/etc" "$1/opt/trueup/bin" "$1/opt/trueup/python" "$1/opt/trueup/site"
cp -a /etc/. "$1/etc"
rm -rf "$1/etc/systemd" "$1/etc/sysusers.d" "$1/etc/tmpfiles.d" "$1/etc/trueup"
mkdir -p "$1/etc/systemd/system"
for name in daemon ledger tui deploy; do
  mkdir -p "$1/opt/trueup/src/$name"
  mount --bind "$2/$name" "$1/opt/trueup/src/$name"
done
mount --bind "$3" "$1/opt/trueup/python"
mount --bind "$4" "$1/opt/trueup/site"
cat > "$1/opt/trueup/bin/trueup" <<X
#!/bin/sh
export LD_LIBRARY_PATH=/opt/trueup/python/lib PYTHONPATH=/opt/trueup/src:/opt/trueup/site
export PYTHONDONTWRITEBYTECODE=1
exec /opt/trueup/python/bin/$5 -P -m daemon "\$@"
X
chmod 755 "$1/opt/trueup/bin/trueup"
mount --rbind "$1/opt" /opt
mount --bind "$1/etc" /etc
for place in /run /var/lib; do mount -t tmpfs -o mode=0755 tmpfs "$place"; done
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /run/systemd/system
for name in sysinit basic shutdown multi-user network-online time-sync sockets umount final test
do
  printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' "$name" \
    > "/run/systemd/system/$name.target"
done
export container=trueup-test SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/systemd/system
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no
