/** Which modules go into an initrd, in which order, and what modprobe is told of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moduleFile } from "./kernel-modules.fixture.ts";
import { modulesAlias, modulesDep, readModule, virtioModules } from "./kernel-modules.ts";

// As in Debian 12: virtio itself is a module. In Debian 13 it is part of the kernel, and nobody names it.
const MODULES = [
  moduleFile("virtio_net", "depends=virtio_ring,virtio,net_failover", "alias=virtio:d00000001v*"),
  moduleFile("net_failover", "depends=failover"),
  moduleFile("failover", "depends="),
  moduleFile("virtio-rng", "depends=virtio,virtio_ring", "alias=virtio:d00000004v*"),
  moduleFile("virtio", "depends=virtio_ring"),
  moduleFile("virtio_ring", "depends="),
  moduleFile("nsm", "depends=", "alias=virtio:d00000021v*"),
  moduleFile("e1000", "depends=", "alias=pci:v00008086d0000100Esv*"),
].map(readModule);

describe("the modules of virtio", () => {
  it("are those whose name or device says so, each behind what it needs", () => {
    expect(virtioModules(MODULES).map(({ name }) => name)).toEqual(["nsm", "virtio_ring", "virtio", "failover", "net_failover", "virtio_net", "virtio_rng"]);
  });

  it("are found where virtio is part of the kernel, too", () => {
    const [blk] = [moduleFile("virtio_blk", "depends=", "alias=virtio:d00000002v*")].map(readModule);
    expect(virtioModules([blk!])).toEqual([blk]);
  });

  it("whose dependencies go round in a circle come out all the same", () => {
    const circle = [moduleFile("virtio_a", "depends=virtio_b"), moduleFile("virtio_b", "depends=virtio_a")].map(readModule);
    expect(virtioModules(circle).map(({ name }) => name).sort()).toEqual(["virtio_a", "virtio_b"]);
  });
});

describe("modprobe's tables", () => {
  it("modules.dep: the nearest dependency first", () => {
    const [net] = modulesDep(virtioModules(MODULES)).split("\n").filter((line) => line.startsWith("kernel/virtio_net.ko:"));
    expect(net).toBe("kernel/virtio_net.ko: kernel/net_failover.ko kernel/failover.ko kernel/virtio.ko kernel/virtio_ring.ko");
  });

  it("modules.alias: a pattern and a name", () => {
    expect(modulesAlias(virtioModules(MODULES))).toBe("alias virtio:d00000021v* nsm\nalias virtio:d00000001v* virtio_net\nalias virtio:d00000004v* virtio_rng\n");
  });
});

it("a file that is no module has a name and nothing to say, whatever its bytes", () => {
  const good = moduleFile("virtio_blk", "depends=virtio").bytes;
  fc.assert(
    fc.property(fc.nat(good.length), fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 }), (length, changes) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      expect(readModule({ path: "kernel/drivers/block/virtio_blk.ko", bytes: bytes.subarray(0, length) }).name).toBeTypeOf("string");
    }),
  );
  expect(readModule({ path: "a/virtio-blk.ko", bytes: new Uint8Array(10) })).toMatchObject({ name: "virtio_blk", depends: [], aliases: [] });
});
